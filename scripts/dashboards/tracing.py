"""Dashboard: single traces, found and opened; where their time goes; who calls whom."""

from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

from andiron.sdk.operations import names
from scripts.dashboards import board, traceql
from scripts.dashboards.panels import HALF, WIDE, Text, graph, rows, stacked, timeline
from scripts.dashboards.promql import OPERATION, PER_OPERATION, rate, select, total
from scripts.dashboards.sources import PROMETHEUS, TEMPO, legend, over_time, service_map, spans, traces

# What Tempo's data source calls its columns: of a table of traces the id, of one of spans theirs; the trace's is there too, not shown.
TRACE_COLUMN = "traceID"
SPAN_COLUMN = "spanID"
HIDDEN_COLUMN = "traceIdHidden"


def clicks(trace: str) -> list[DynamicConfigValue]:
    """Where an id in a table leads, given how Grafana gets at the trace's."""
    here = board.to_board("Show this trace here", board.TRACING, trace=trace)
    lines = board.to_board("Its logs", board.LOGS, trace=trace)
    return [DynamicConfigValue("links", [link.build() for link in (here, lines)])]


def dashboard() -> Dashboard:
    """From many traces to one."""
    spent = total(rate(select(names.OPERATION_DURATION.sum, *PER_OPERATION)), OPERATION)
    return board.board(
        board.TRACING,
        "Distributed tracing",
        "Traces of the operations: search them, open one, see what its spans carry and which services it went through.",
        [
            board.job(),
            board.operation(),
            board.typed("longer", "Longer than", "0ms"),
            board.typed("trace", "Trace"),
        ],
        [
            rows(
                Text(
                    "Trace search",
                    "Traces with one of the chosen operations that ran for longer than the time on top. A click on an id shows the trace "
                    "below, or its logs.",
                    "none",
                ),
                TEMPO,
                traces(traceql.search()),
            ).override_by_name(TRACE_COLUMN, clicks("${__value.raw}")),
            stacked(
                Text(
                    "Span duration breakdown",
                    "Seconds spent in each operation, a second: those inside others count within them as well. The widest band is where "
                    "making something faster pays most. From the metrics, so from every operation and not only the traced.",
                    "s",
                ),
                PROMETHEUS,
                over_time(spent, legend(OPERATION)),
            ),
            timeline(
                Text(
                    "Trace timeline",
                    "The trace whose id is on top: spans one under the other, as long as they took. A gap between them is time that no "
                    "span knows of. Until an id is there it finds none: click one in the search, or a dot on a latency panel.",
                    "ns",
                    WIDE,
                ),
                TEMPO,
                traces(traceql.one()),
            ),
            graph(
                Text(
                    "Service map",
                    "Which service calls which, and the databases behind them, with rates and mean durations; red is the part that failed. "
                    "Needs the service graphs of Tempo's metrics generator.",
                    "none",
                    HALF,
                ),
                TEMPO,
                service_map(),
            ),
            rows(
                Text(
                    "Span attributes",
                    "Spans of the chosen operations, and what they carry: how they ended, with what exception, on what type of resource. "
                    "Sort by a column to find the odd one.",
                    "none",
                ),
                TEMPO,
                spans(traceql.spans()),
            ).override_by_name(SPAN_COLUMN, clicks(f"${{__data.fields.{HIDDEN_COLUMN}}}")),
        ],
    )
