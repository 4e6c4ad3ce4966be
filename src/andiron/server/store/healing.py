"""Mends what a crash leaves in the embedded store, before the engine opens it.

ClickHouse notes an insert's token before it puts the insert's part in place. Killed between the two, it would take the replay for
a repetition and drop it: acknowledged records would be lost. So tokens whose part is not there, nor merged into another, go.
"""

import logging
import os
import re
from pathlib import Path

log = logging.getLogger(__name__)

PART = re.compile(r"(?P<partition>.+?)_(?P<first>\d+)_(?P<last>\d+)_\d+(?:_\d+)?")
ADDED = "1"


def forget_tokens_without_parts(store: Path) -> int:
    """Look through every table's list of tokens; returns how many were forgotten."""
    return sum(mend(notes) for notes in store.glob("store/*/*/deduplication_logs/deduplication_log_*.txt"))


def mend(notes: Path) -> int:
    """Take out of one list the tokens whose part is missing, and a last line that is not whole."""
    table = notes.parent.parent
    held: dict[str, list[tuple[int, int]]] = {}
    for folder in table.iterdir():
        if match := PART.fullmatch(folder.name):
            held.setdefault(match["partition"], []).append((int(match["first"]), int(match["last"])))
    lines = notes.read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.endswith("\n") and is_backed(line, held)]
    if len(kept) < len(lines):
        fresh = notes.with_suffix(".mended")
        with fresh.open("w") as file:
            file.writelines(kept)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(notes)
        log.warning("tokens without parts forgotten", extra={"table": table.name, "tokens": len(lines) - len(kept)})
    return len(lines) - len(kept)


def is_backed(line: str, held: dict[str, list[tuple[int, int]]]) -> bool:
    """Whether a line's part is there, or one that it was merged into. Lines of other kinds stay."""
    operation, name, *_ = [*line.split("\t"), ""]
    match = PART.fullmatch(name)
    if operation != ADDED or match is None:
        return True
    first, last = int(match["first"]), int(match["last"])
    return any(low <= first and last <= high for low, high in held.get(match["partition"], ()))
