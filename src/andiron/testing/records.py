"""Spans, logs and metrics as a test wants to see them, wherever they were caught: plain names, dicts and numbers."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Span:
    """A finished span."""

    name: str
    attributes: dict[str, Any]
    trace_id: str
    span_id: str
    parent_id: str
    """Empty at the root."""
    kind: str
    """`internal`, `server`, `client`, `producer` or `consumer`."""
    status: str
    """`unset`, `ok` or `error`."""
    message: str
    """What the status says."""
    events: list[tuple[str, dict[str, Any]]]
    start: int
    """Nanoseconds since 1970."""
    end: int
    scope: str
    """Who recorded it: the instrumentation's name."""
    resource: dict[str, Any] = field(repr=False)
    raw: Any = field(repr=False, compare=False)
    """The record as OpenTelemetry has it."""


@dataclass(frozen=True)
class Log:
    """A log record."""

    body: Any
    attributes: dict[str, Any]
    severity: int
    """OpenTelemetry's number: 9 is INFO, 13 WARN, 17 ERROR."""
    severity_text: str
    trace_id: str
    """Empty outside a span."""
    span_id: str
    event_name: str
    scope: str
    resource: dict[str, Any] = field(repr=False)
    raw: Any = field(repr=False, compare=False)


@dataclass(frozen=True)
class Metric:
    """A metric with its points: the number, or count and sum of a histogram."""

    name: str
    unit: str
    kind: str
    """`sum`, `gauge`, `histogram`, `exponential_histogram` or `summary`."""
    points: list[tuple[dict[str, Any], Any]]
    """Attributes of each point and its value: a number, or `(count, sum)`."""
    scope: str
    resource: dict[str, Any] = field(repr=False)
    raw: Any = field(repr=False, compare=False)

    def value(self, **attributes: Any) -> Any:
        """The value of the one point that has these attributes (written with `_` for `.`)."""
        found = [
            value
            for labels, value in self.points
            if all(
                labels.get(name, labels.get(name.replace("_", "."))) == wanted for name, wanted in attributes.items()
            )
        ]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} points of {self.name} have {attributes}; there are {self.points}")
        return found[0]


class Records(ABC):
    """Records that were caught, and questions about them whose answer "no" says what is there instead."""

    @property
    @abstractmethod
    def spans(self) -> list[Span]:
        """Finished spans, in the order of their end."""

    @property
    @abstractmethod
    def logs(self) -> list[Log]:
        """Log records, in the order in which they were made."""

    @property
    @abstractmethod
    def metrics(self) -> list[Metric]:
        """Metrics, as they stand now."""

    def span(self, name: str, **attributes: Any) -> Span:
        """The one span of this name with these attributes."""
        return self._one(
            "span", name, [span for span in self.spans if span.name == name and has(span, attributes)], self.tree()
        )

    def log(self, text: str, **attributes: Any) -> Log:
        """The one log record whose body holds `text`, with these attributes."""
        found = [log for log in self.logs if text in str(log.body) and has(log, attributes)]
        return self._one(
            "log", text, found, lines(f"{log.severity_text or log.severity} {log.body}" for log in self.logs)
        )

    def metric(self, name: str) -> Metric:
        """The metric of this name."""
        metrics = self.metrics
        found = [metric for metric in metrics if metric.name == name]
        return self._one("metric", name, found, lines(f"{metric.name} {metric.points}" for metric in metrics))

    def tree(self) -> str:
        """The spans as they contain each other."""
        return tree(self.spans)

    @staticmethod
    def _one(kind: str, name: str, found: Sequence[T], everything: str) -> T:
        if len(found) == 1:
            return found[0]
        count = f"{len(found)} {kind}s match" if found else f"no {kind} matches"
        raise AssertionError(f"{count} {name!r}. Recorded:\n{everything or '  nothing'}")


def has(record: Span | Log, attributes: dict[str, Any]) -> bool:
    """Whether a record has these attributes, written with their own name or with `_` for `.`."""
    dotted = {name.replace(".", "_"): value for name, value in record.attributes.items()}
    return all({**dotted, **record.attributes}.get(name) == wanted for name, wanted in attributes.items())


def lines(texts: Iterable[str]) -> str:
    """One a line, set in."""
    return "\n".join(f"  {text}" for text in texts)


def tree(spans: Sequence[Span]) -> str:
    """Spans as they contain each other, a line each: the name, an error's mark, what is worth knowing."""
    ids = {span.span_id for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span.start):
        children.setdefault(span.parent_id if span.parent_id in ids else "", []).append(span)

    def draw(parent: str, depth: int) -> Iterable[str]:
        for span in children.get(parent, []):
            error = f" ! {span.message}".rstrip() if span.status == "error" else ""
            yield f"{'  ' * depth}{span.name}{error}"
            yield from draw(span.span_id, depth + 1)

    return lines(draw("", 0))
