"""Dashboard: logs, by level, by operation, by trace."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards import board, logql
from scripts.dashboards.panels import HALF, WIDE, Text, log, number
from scripts.dashboards.sources import LOKI, counted, legend, written


def dashboard() -> Dashboard:
    """From a line to its trace, and back."""
    return board.board(
        board.LOGS,
        "Logs and correlation",
        "What the services wrote, and how a line leads to its trace and a trace to its lines.",
        [
            board.job(),
            board.operation(),
            board.outcome(),
            board.typed("search", "Text"),
            board.typed("trace", "Trace"),
        ],
        [
            number(
                Text(
                    "Logs by level",
                    "How many lines of each level there are in the time that is shown. More errors than usual: see them below. Debug lines "
                    "that outnumber the rest cost storage: raise the level.",
                    "short",
                    WIDE,
                    empty="No lines",
                ),
                LOKI,
                counted(logql.levels(), legend(logql.LEVEL)),
            ),
            log(
                Text(
                    "Log stream",
                    "Everything that the chosen services wrote and that holds the text on top. Open a line for its attributes; its trace id "
                    "leads to Tempo.",
                    "none",
                ),
                LOKI,
                written(logql.stream()),
            ),
            log(
                Text(
                    "Correlated logs",
                    "What was written in the trace whose id is on top, over all chosen services. Empty until an id is there: the trace "
                    "search of the tracing dashboard sets it with a click.",
                    "none",
                    empty="No trace chosen, or it wrote nothing",
                ),
                LOKI,
                written(logql.of_trace()),
            ),
            log(
                Text(
                    "Error logs with stack traces",
                    "Errors, each with the stack that it came from: its last lines name the place. Several with the same stack are one "
                    "fault; the first of them is nearest to its cause.",
                    "none",
                    HALF,
                    empty="No errors",
                ),
                LOKI,
                written(logql.errors()),
            ),
            log(
                Text(
                    "Operation logs",
                    "Lines of the operations and outcomes that are chosen on top. Started without ended, for longer than it takes: it "
                    "hangs, or its process died.",
                    "none",
                ),
                LOKI,
                written(logql.of_operations()),
            ),
        ],
    )
