"""The dashboards as they lie in `deploy/`, taken apart."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.deploy.stack import DEPLOY

FILES = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
GRAFANAS = frozenset({"__rate_interval", "__range", "__url_time_range"})


@dataclass(frozen=True)
class Target:
    """A question of a panel."""

    dashboard: str
    panel: dict[str, Any]
    asked: dict[str, Any]

    @property
    def source(self) -> str:
        """The kind of the data source."""
        return str(self.asked["datasource"]["type"])

    @property
    def expression(self) -> str:
        """What is asked, in the source's language."""
        return str(self.asked.get("expr") or self.asked.get("query") or "")

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel['title']} {self.asked['refId']}"


BOARDS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in FILES}
TARGETS = [
    Target(name, panel, asked)
    for name, board in BOARDS.items()
    for panel in board["panels"]
    for asked in panel["targets"]
]

each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))


def of(source: str) -> list[Target]:
    """All questions to one kind of source."""
    return [target for target in TARGETS if target.source == source]


def asking(source: str) -> pytest.MarkDecorator:
    """A test for each of them."""
    return pytest.mark.parametrize("target", of(source), ids=str)


def offered(board: dict[str, Any]) -> set[str]:
    """The names of its variables."""
    return {variable["name"] for variable in board["templating"]["list"]}


def variables(text: str) -> set[str]:
    """Those that a text uses, but for Grafana's own."""
    return {first or second for first, second in VARIABLE.findall(text)} - GRAFANAS


def urls(value: Any) -> Iterator[str]:
    """Every address that a click leads to."""
    if isinstance(value, dict):
        if isinstance(value.get("url"), str) and value["url"]:
            yield value["url"]
        for each in value.values():
            yield from urls(each)
    elif isinstance(value, list):
        for each in value:
            yield from urls(each)
