"""Reads a data folder whose server has stopped, in a process of its own, for chDB opens one path a process.

python -m tests.ingest.offline andiron-data < queries.json > rows.json
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def ask(data: Path, *queries: str) -> list[list[list[Any]]]:
    """The rows of each query."""
    command = [sys.executable, "-m", "tests.ingest.offline", str(data)]
    done = subprocess.run(command, input=json.dumps(queries), text=True, capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    rows: list[list[list[Any]]] = json.loads(done.stdout)
    return rows


def main() -> None:
    from andiron.server.store.embedded import EmbeddedEngine

    engine = EmbeddedEngine(Path(sys.argv[1]) / "store")
    answers = [json.loads(engine.query(sql, settings={"max_threads": 2}))["data"] for sql in json.load(sys.stdin)]
    engine.close()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
