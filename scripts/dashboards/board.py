"""What the dashboards share: variables on top, links to one another, a grid filled from left to right, ids that stay."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import table
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    Panel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from andiron.sdk.operations import names
from scripts.dashboards import promql
from scripts.dashboards.panels import link
from scripts.dashboards.sources import PROMETHEUS

TAG = "andiron"

# Ids by which the dashboards link to one another, and the alerts to them.
OVERVIEW = "andiron-crud-operations"
PERFORMANCE = "andiron-performance"
ERRORS = "andiron-errors"
TRACING = "andiron-tracing"
LOGS = "andiron-logs"

ANY = ".+"
"""A variable's value for all: whatever there is, whatever its characters."""

Variable = dashboard.QueryVariable | dashboard.TextBoxVariable | dashboard.CustomVariable


def _offered(name: str, title: str, query: str) -> dashboard.QueryVariable:
    """A variable that offers what Prometheus has, some or all of it."""
    return (
        dashboard.QueryVariable(name)
        .label(title)
        .query(query)
        .datasource(PROMETHEUS)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(ANY)
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )


def job() -> Variable:
    """Which services."""
    return _offered("job", "Service", promql.values(promql.OPERATIONS, promql.JOB))


def operation() -> Variable:
    """Which operations of theirs."""
    return _offered("operation", "Operation", promql.values(promql.OPERATIONS, promql.OPERATION, promql.OF_JOB))


def typed(name: str, title: str, default: str = "") -> Variable:
    """A variable that one types."""
    option = VariableOption(selected=True, text=default, value=default)
    return dashboard.TextBoxVariable(name).label(title).default_value(default).current(option).options([option])


def outcome() -> Variable:
    """How operations ended; all of them takes in those that have only started."""
    every = VariableOption(selected=True, text="All", value="$__all")
    options = [VariableOption(selected=False, text=name, value=name) for name in names.OUTCOMES]
    return (
        dashboard.CustomVariable("outcome")
        .label("Outcome")
        .values(", ".join(names.OUTCOMES))
        .options([every, *options])
        .current(every)
        .multi(True)
        .include_all(True)
        .all_value(".*")
    )


def to_board(title: str, uid: str, **variables: str) -> dashboard.DashboardLink:
    """From a value to another dashboard: the same time and services, and these variables."""
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return link(title, f"/d/{uid}?${{__url_time_range}}&${{job:queryparam}}{chosen}")


def to_traces() -> dashboard.DashboardLink:
    """From an operation's line to its traces."""
    return to_board("Traces of this operation", TRACING, operation=f"${{__field.labels.{promql.OPERATION}}}")


def board(
    uid: str, title: str, description: str, variables: Sequence[Variable], panels: Sequence[Builder[Panel]]
) -> Dashboard:
    """A dashboard. Panels have the number of their place: a new one goes to the end, or links to the others move."""
    others = (
        dashboard.DashboardLink("Operations")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .include_vars(True)
        .keep_time(True)
    )
    built = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time("now-1h", "now")
        .refresh("30s")
        .link(others)
    )
    for variable in variables:
        built.with_variable(variable)
    for panel in panels:
        built.with_panel(panel)
    made = built.build()
    for number, shown in enumerate(made.panels or [], 1):
        shown.id_val = number
    return _bare(made)


def _bare(made: Dashboard) -> Dashboard:
    """Without what the package adds of its own accord and Grafana's schema no longer knows."""
    for variable in made.templating.list_val or []:
        variable.auto = variable.auto_min = variable.auto_count = None
    for panel in made.panels or []:
        if isinstance(panel, Panel) and isinstance(panel.options, table.Options):
            panel.options.footer = None
    return made
