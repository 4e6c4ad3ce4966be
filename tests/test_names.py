"""docs/names.md tells the truth: what it says is here can be found, and what it says is not built is on that list."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from scripts import code_facts, spec_guard
from scripts.code_facts import ROOT
from scripts.stale import importable

ROW = re.compile(r"^\| ([^|]+) \| (same|other|not built yet) \| ([^|]+) \|[^|]*\|$")


@dataclass(frozen=True)
class Row:
    there: str
    how: str
    here: str


def rows() -> list[Row]:
    found = []
    for line in (ROOT / "docs/names.md").read_text(encoding="utf-8").splitlines():
        if match := ROW.match(line):
            found.append(Row(match[1].strip(), match[2], match[3].strip()))
        else:
            assert not line.startswith("|") or re.match(r"^\|(?: name there \| \| here \| remark |[-|]+)\|$", line), (
                line
            )
    return found


def names() -> Iterator[str]:
    for row in rows():
        if row.how != "not built yet":
            here = re.findall(r"`([^`]+)`", row.here)
            assert here, row
            yield from here


@pytest.mark.parametrize("name", sorted(set(names())))
def test_what_is_said_to_be_here_can_be_found(name: str) -> None:
    known = {fact.name for fact in code_facts.facts()}
    if name in known:
        return
    if name.startswith("make "):
        assert re.search(
            rf"^{name.removeprefix('make ')}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
        )
    elif name.startswith("andiron "):
        assert name in {command.name for command in code_facts.commands()}
    elif name.startswith("andiron."):
        assert importable(name)
    else:
        assert (ROOT / name).exists()


def test_what_is_not_built_yet_is_on_that_list() -> None:
    missing = {each.promise for each in spec_guard.listed(ROOT)}
    claimed = {row.here for row in rows() if row.how == "not built yet"}
    assert claimed <= missing, f"built meanwhile, so say where: {sorted(claimed - missing)}"


def test_a_name_that_is_the_same_is_found_under_that_name() -> None:
    for row in rows():
        there = [name.rstrip("()") for name in re.findall(r"`([A-Za-z_]+(?:\(\))?)`", row.there)]
        here = [name.rpartition(".")[2] for name in re.findall(r"`(andiron\.[\w.]+)`", row.here)]
        if row.how == "same" and here and there and "request_id" not in here and "log_line_schema" not in here:
            assert set(here) <= set(there), row


def test_no_name_is_listed_twice() -> None:
    there = [row.there for row in rows()]
    assert len(there) == len(set(there))
    assert len(there) > 90
