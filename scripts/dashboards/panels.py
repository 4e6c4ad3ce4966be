"""Panels in the house's look: from a title, a description that says what to make of it, a unit and queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    logs,
    piechart,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models.dashboard import DataSourceRef, DynamicConfigValue, FieldColorModeId, Threshold
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig as Transformation
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.piechart import PieChartLegendValues, PieChartType

HEIGHT = 9
WIDE, HALF, THIRD = 24, 12, 8
"""Columns of a panel; a dashboard has 24."""

GOOD, WARNING, BAD = "green", "orange", "red"


class Buildable(Protocol):
    """What every builder of a panel has."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: DataSourceRef) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...
    def height(self, h: int) -> Self: ...
    def span(self, w: int) -> Self: ...
    def with_target(self, target: Builder[Dataquery]) -> Self: ...


P = TypeVar("P", bound=Buildable)
Query = Builder[Dataquery]


@dataclass(frozen=True)
class Text:
    """What is written around a panel, and how wide it is. `empty` stands in it while there is nothing."""

    title: str
    description: str
    unit: str
    width: int = HALF
    empty: str = ""


def dressed(panel: P, text: Text, source: DataSourceRef, queries: Sequence[Query]) -> P:
    """A panel with what every panel has."""
    panel.title(text.title).description(text.description).unit(text.unit).datasource(source)
    panel.height(HEIGHT).span(text.width)
    if text.empty:
        panel.no_value(text.empty)
    for query in queries:
        panel.with_target(query)
    return panel


def steps(*limits: tuple[float, str]) -> dashboard.ThresholdsConfig:
    """Colours: good up to the first limit, then as it says."""
    return dashboard.ThresholdsConfig().steps(
        [Threshold(None, GOOD), *(Threshold(value, color) for value, color in limits)]
    )


def link(title: str, url: str) -> dashboard.DashboardLink:
    """Where a click on a value leads."""
    return dashboard.DashboardLink(title).url(url)


def _legend(*calculations: str) -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .display_mode(shapes.LegendDisplayMode.TABLE if calculations else shapes.LegendDisplayMode.LIST)
        .placement(shapes.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(list(calculations))
    )


def _all_values() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def lines(text: Text, source: DataSourceRef, *queries: Query, limit: float | None = None) -> timeseries.Panel:
    """Lines over time, from zero; a limit is a dashed line."""
    panel = (
        dressed(timeseries.Panel(), text, source, queries)
        .min(0)
        .line_width(1)
        .fill_opacity(8)
        .show_points(shapes.VisibilityMode.NEVER)
        .legend(_legend("mean", "max", "lastNotNull"))
        .tooltip(_all_values())
    )
    if limit is not None:
        dashed = common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED)
        panel.thresholds(steps((limit, BAD))).thresholds_style(dashed)
    return panel


def stacked(text: Text, source: DataSourceRef, *queries: Query) -> timeseries.Panel:
    """Areas on top of one another: parts of a whole over time."""
    stacking = common.StackingConfig().mode(shapes.StackingMode.NORMAL)
    return lines(text, source, *queries).stacking(stacking).fill_opacity(35)


def number(text: Text, source: DataSourceRef, *queries: Query, limit: float | None = None) -> stat.Panel:
    """A number for each series, in the colour of its limit."""
    panel = (
        dressed(stat.Panel(), text, source, queries)
        .reduce_options(_last())
        .graph_mode(shapes.BigValueGraphMode.NONE)
        .color_mode(shapes.BigValueColorMode.NONE if limit is None else shapes.BigValueColorMode.VALUE)
    )
    return panel if limit is None else panel.thresholds(steps((limit, BAD)))


def pie(text: Text, source: DataSourceRef, *queries: Query) -> piechart.Panel:
    """Parts of a whole."""
    legend = (
        piechart.PieChartLegendOptions()
        .display_mode(shapes.LegendDisplayMode.TABLE)
        .placement(shapes.LegendPlacement.RIGHT)
        .show_legend(True)
        .values([PieChartLegendValues.VALUE, PieChartLegendValues.PERCENT])
    )
    return (
        dressed(piechart.Panel(), text, source, queries)
        .pie_type(PieChartType.DONUT)
        .reduce_options(_last())
        .legend(legend)
    )


def bars(text: Text, source: DataSourceRef, *queries: Query) -> bargauge.Panel:
    """A bar for each series, all in one colour."""
    return (
        dressed(bargauge.Panel(), text, source, queries)
        .min(0)
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color("blue"))
        .orientation(shapes.VizOrientation.HORIZONTAL)
        .display_mode(shapes.BarGaugeDisplayMode.BASIC)
        .reduce_options(_last())
    )


def buckets(text: Text, source: DataSourceRef, *queries: Query) -> heatmap.Panel:
    """Buckets of a histogram over time, the darker the more."""
    return (
        dressed(heatmap.Panel(), text, source, queries)
        .calculate(False)
        .color(
            heatmap.HeatmapColorOptions()
            .mode(HeatmapColorMode.SCHEME)
            .scheme("Oranges")
            .fill("dark-orange")
            .steps(64)
            .exponent(0.5)
        )
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .rows_frame(heatmap.RowsHeatmapOptions().layout(shapes.HeatmapCellLayout.AUTO).value("operations"))
        .y_axis(heatmap.YAxisConfig().unit(text.unit))
        .cell_values(heatmap.CellValues().unit("short").decimals(0))
        .cell_gap(1)
        .show_value(shapes.VisibilityMode.NEVER)
        .mode(shapes.TooltipDisplayMode.SINGLE)
        .show_y_histogram()
        .show_legend()
        .exemplars_color("rgba(255,0,255,0.7)")
    )


def rows(
    text: Text,
    source: DataSourceRef,
    *queries: Query,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    limits: Mapping[str, float] | None = None,
    sort: str = "",
) -> table.Panel:
    """A table: instant queries joined by their labels, columns named and in this order, sorted by one; a value over its limit is red."""
    panel = dressed(table.Panel(), text, source, queries).show_header(True).filterable(True)
    if columns:
        order = {name: position for position, name in enumerate(columns)}
        options = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": dict(columns)}
        panel.with_transformation(Transformation("merge", options={}))
        panel.with_transformation(Transformation("organize", options=options))
    of_columns: dict[str, list[DynamicConfigValue]] = {}
    for name, unit in (units or {}).items():
        of_columns.setdefault(name, []).append(DynamicConfigValue("unit", unit))
    for name, limit in (limits or {}).items():
        of_columns.setdefault(name, []).extend(
            [
                DynamicConfigValue("thresholds", steps((limit, BAD)).build()),
                DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
            ]
        )
    for name, properties in of_columns.items():
        panel.override_by_name(name, properties)
    return panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(True)]) if sort else panel


def log(text: Text, source: DataSourceRef, *queries: Query) -> logs.Panel:
    """Lines of a log, the newest first."""
    return (
        dressed(logs.Panel(), text, source, queries)
        .show_time(True)
        .show_labels(False)
        .show_common_labels(False)
        .wrap_log_message(True)
        .prettify_log_message(False)
        .enable_log_details(True)
        .sort_order(shapes.LogsSortOrder.DESCENDING)
        .dedup_strategy(shapes.LogsDedupStrategy.NONE)
    )


def graph(text: Text, source: DataSourceRef, *queries: Query) -> dashboard.Panel:
    """Services, and who calls whom. The package's own builder writes null for the options, which Grafana does not expect."""
    return dressed(dashboard.Panel(), text, source, queries).type("nodeGraph").options({"nodes": {}, "edges": {}})


def timeline(text: Text, source: DataSourceRef, *queries: Query) -> dashboard.Panel:
    """One trace as Grafana draws it: Grafana gives that panel no options, and so the package no builder."""
    return dressed(dashboard.Panel(), text, source, queries).type("traces").options({})
