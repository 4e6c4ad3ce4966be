"""`python -m andiron.redaction "text"`, or lines from standard input: what would be kept of them. `--key NAME`: as that attribute."""

import argparse
import sys

from andiron.redaction import redactor


def main() -> None:
    """Read, redact, print."""
    parser = argparse.ArgumentParser(prog="python -m andiron.redaction", description=__doc__)
    parser.add_argument("text", nargs="*", help="without it, lines are read from standard input")
    parser.add_argument("--key", default="message", help="the name of the attribute that holds the text")
    given = parser.parse_args()
    for text in given.text or (line.rstrip("\n") for line in sys.stdin):
        sys.stdout.write(f"{redactor.attribute(given.key, text)}\n")


if __name__ == "__main__":
    main()
