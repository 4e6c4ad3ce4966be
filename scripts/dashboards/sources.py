"""The three data sources, by the ids that `deploy/grafana` provisions them under, and questions to them."""

from grafana_foundation_sdk.builders import loki as loki_builders
from grafana_foundation_sdk.builders import prometheus as prometheus_builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import tempo as tempo_models
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from scripts.dashboards.promql import BOUND

PROMETHEUS = DataSourceRef("prometheus", "prometheus")
TEMPO = DataSourceRef("tempo", "tempo")
LOKI = DataSourceRef("loki", "loki")

MOST_TRACES = 50
MOST_LINES = 500


def legend(*labels: str) -> str:
    """What a line is called: by the values of its labels."""
    return " ".join(f"{{{{{label}}}}}" for label in labels)


def over_time(
    expression: str, legend: str, name: str = "A", *, exemplars: bool = False
) -> prometheus_builders.Dataquery:
    """A line for each series; with exemplars, dots on it that lead to a trace."""
    return _asked(expression, name).range().legend_format(legend).exemplar(exemplars)


def now(expression: str, legend: str, name: str = "A") -> prometheus_builders.Dataquery:
    """A value for each series."""
    return _asked(expression, name).instant().legend_format(legend)


def column(expression: str, name: str) -> prometheus_builders.Dataquery:
    """A value for each series, as a column of a table."""
    return _asked(expression, name).instant().format(PromQueryFormat.TABLE)


def in_buckets(expression: str, *, exemplars: bool = False) -> prometheus_builders.Dataquery:
    """Buckets of a histogram, each without those below it."""
    return over_time(expression, legend(BOUND), exemplars=exemplars).format(PromQueryFormat.HEATMAP)


def written(expression: str) -> loki_builders.Dataquery:
    """Lines of logs."""
    return _logs(expression).max_lines(MOST_LINES).query_type("range")


def counted(expression: str, legend: str) -> loki_builders.Dataquery:
    """A number from lines of logs."""
    return _logs(expression).legend_format(legend).query_type("instant")


def _asked(expression: str, name: str) -> prometheus_builders.Dataquery:
    query = prometheus_builders.Dataquery().expr(expression).ref_id(name)
    return query.datasource(PROMETHEUS).editor_mode(QueryEditorMode.CODE)


def _logs(expression: str) -> loki_builders.Dataquery:
    return loki_builders.Dataquery().expr(expression).ref_id("A").datasource(LOKI)


class Tempo(tempo_models.TempoQuery, Builder[tempo_models.TempoQuery]):
    """A question to Tempo. The package does not know `tableType`: whether a row is a trace or a span."""

    def __init__(self, kind: str, query: str = "", *, row: str = "") -> None:
        super().__init__("A", query_type=kind, query=query, limit=MOST_TRACES, datasource=TEMPO)
        self.row = row

    def build(self) -> tempo_models.TempoQuery:
        return self

    def to_json(self) -> dict[str, object]:
        return super().to_json() | ({"tableType": self.row} if self.row else {})


def traces(expression: str) -> Tempo:
    """Traces that hold such a span; a bare id gives that trace."""
    return Tempo("traceql", expression, row="traces")


def spans(expression: str) -> Tempo:
    """Such spans, each a row."""
    return Tempo("traceql", expression, row="spans")


def service_map() -> Tempo:
    """Who calls whom: Tempo's metrics generator writes it to Prometheus, and Tempo's data source reads it there."""
    return Tempo("serviceMap")
