"""Keeps the generated parts of the pages on metrics and logs, between their marks, as the code has them.

python -m scripts.operations_reference
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from andiron.sdk.jsonlog import log_line_table
from andiron.sdk.operations import names
from andiron.sdk.operations.names import Measure

DOCS = Path(__file__).parent.parent / "docs"
METRICS, LOGS = DOCS / "metrics-reference.md", DOCS / "logging-reference.md"

KINDS = {"histogram": "histogram", "counter": "counter", "updowncounter": "up-down counter; a gauge in Prometheus"}
ELSEWHERE: dict[str, tuple[str, str, str]] = {
    "timestamp": ("Timestamp", "`start_timestamp`", "the time of the line"),
    "level": ("SeverityText", "`level`", "`severity_text`"),
    "severity_number": ("SeverityNumber", "`level`", "`severity_number`"),
    "message": ("Body", "`log_body`, `message`", "the line"),
    "logger": ("the scope's name", "`otel_scope_name`", "`scope_name`"),
    "service": ("`service.name`", "`service_name`", "`service_name`, a label"),
    "environment": (
        "`deployment.environment.name`",
        "`deployment_environment`",
        "`deployment_environment_name`, a label",
    ),
    "application_version": ("`service.version`", "`service_version`", "`service_version`"),
    "trace_id": ("TraceId", "`trace_id`", "`trace_id`"),
    "span_id": ("SpanId", "`span_id`", "`span_id`"),
    "request_id": ("`request_id`", "`attributes->>'request_id'`", "`request_id`"),
    "session_id": ("`session_id`", "`attributes->>'session_id'`", "`session_id`"),
    "user_id": ("`user_id`", "`attributes->>'user_id'`", "`user_id`"),
    "duration": ("on the span", "`duration` of the span", "on the span"),
    "exception.type": ("`exception.type`", "`exception_type`", "`exception_type`"),
    "exception.message": ("`exception.message`", "`exception_message`", "`exception_message`"),
    "exception.stacktrace": ("`exception.stacktrace`", "`exception_stacktrace`", "`exception_stacktrace`"),
    "stack": ("`code.stacktrace`", "`attributes->>'code.stacktrace'`", "`code_stacktrace`"),
    "source.file": ("`code.file.path`", "`attributes->>'code.file.path'`", "`code_file_path`"),
    "source.line": ("`code.line.number`", "`attributes->>'code.line.number'`", "`code_line_number`"),
    "source.function": ("`code.function.name`", "`attributes->>'code.function.name'`", "`code_function_name`"),
    "attributes": ("attributes", "`attributes->>'key'`", "the key, with `_` for `.`"),
    "truncated": ("", "", ""),
}
"""A field of a line, and where the same stands in OTLP, in Andiron's `records`, and in Loki. docs/logging.md says what each means."""


def metrics() -> Iterator[str]:
    """A line for each metric."""
    yield "| metric | in Prometheus | kind | unit | what it measures |\n|---|---|---|---|---|\n"
    for measure in names.MEASURES:
        cells = (f"`{measure.name}`", series(measure), KINDS[measure.kind], unit(measure), measure.description)
        yield f"| {' | '.join(cells)} |\n"


def series(measure: Measure) -> str:
    """What Prometheus has of it."""
    kept = (measure.bucket, measure.count, measure.sum) if measure.kind == "histogram" else (measure.prometheus,)
    return ", ".join(f"`{name}`" for name in kept)


def unit(measure: Measure) -> str:
    """In words."""
    return {"s": "seconds", "By": "bytes"}.get(measure.unit, measure.unit.strip("{}"))


def attributes() -> Iterator[str]:
    """Which metrics have which attributes."""
    yield "| metric | attributes |\n|---|---|\n"
    for measure in names.MEASURES:
        yield f"| `{measure.name}` | {', '.join(f'`{key}`' for key in measure.attributes)} |\n"


def outcomes() -> Iterator[str]:
    """The values of `outcome`."""
    yield f"| `{names.OUTCOME}` | when |\n|---|---|\n"
    for outcome, meaning in names.OUTCOMES.items():
        yield f"| `{outcome}` | {meaning} |\n"


def buckets() -> Iterator[str]:
    """Bounds of histograms."""
    yield "| metric | bounds of its buckets |\n|---|---|\n"
    for measure in names.MEASURES:
        if measure.buckets:
            yield f"| `{measure.name}` | {', '.join(f'{bound:g}' for bound in measure.buckets)} |\n"


def fields() -> Iterator[str]:
    """Where each field of a log line is found elsewhere."""
    yield "| field of a line | OTLP | Andiron's SQL | Loki |\n|---|---|---|---|\n"
    for name in re.findall(r"(?m)^\| `([\w.]+)` \|", log_line_table()):
        # Of an object, its parts stand for it.
        if name not in {"exception", "source"}:
            yield f"| `{name}` | {' | '.join(ELSEWHERE[name])} |\n"


PARTS: dict[Path, dict[str, Callable[[], Iterator[str]]]] = {
    METRICS: {"metrics": metrics, "attributes": attributes, "outcomes": outcomes, "buckets": buckets},
    LOGS: {"fields": fields},
}
"""The generated parts of each page, by the name in their mark."""


def page(path: Path) -> str:
    """A page with its parts anew."""
    text = path.read_text(encoding="utf-8")
    for name, part in PARTS[path].items():
        begin = f"<!-- generated: {name} -->\n"
        before, found, rest = text.partition(begin)
        _, ended, after = rest.partition("<!-- end -->")
        if not (found and ended):
            raise ValueError(f"{path.name} lacks the marks of its part `{name}`.")
        text = f"{before}{begin}{''.join(part())}{ended}{after}"
    return text


if __name__ == "__main__":
    for each in PARTS:
        each.write_text(page(each), encoding="utf-8")
