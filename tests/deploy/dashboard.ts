// What a dashboard may be, by Grafana's own types. The package leaves a panel's options open, so they are tied to the panel's type here;
// and its enums are names in JSON. `test_grafana_schema.py` writes the dashboards below these lines and has the compiler look.

import type { Dashboard, Panel } from "@grafana/schema";
import type * as bargauge from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type * as heatmap from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type * as logs from "@grafana/schema/dist/esm/raw/composable/logs/panelcfg/x/LogsPanelCfg_types.gen";
import type * as nodegraph from "@grafana/schema/dist/esm/raw/composable/nodegraph/panelcfg/x/NodeGraphPanelCfg_types.gen";
import type * as piechart from "@grafana/schema/dist/esm/raw/composable/piechart/panelcfg/x/PieChartPanelCfg_types.gen";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as timeseries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type Plain<T> = 0 extends 1 & T
  ? T
  : T extends string
    ? `${T}`
    : T extends number
      ? number extends T
        ? T
        : `${T}` extends `${infer N extends number}`
          ? N
          : never
      : T extends (infer Item)[]
        ? Plain<Item>[]
        : T extends object
          ? { [Key in keyof T]: Plain<T[Key]> }
          : T;

// Partial: Grafana fills in what is not said.
type Of<Kind, Options, Custom = object> = Plain<Omit<Panel<object, Partial<Custom>>, "type" | "options">> & {
  type: Kind;
  options: Plain<Partial<Options>>;
};

type Shown =
  | Of<"timeseries", timeseries.Options, timeseries.FieldConfig>
  | Of<"stat", stat.Options>
  | Of<"table", table.Options, table.FieldConfig>
  | Of<"heatmap", heatmap.Options, heatmap.FieldConfig>
  | Of<"piechart", piechart.Options, piechart.FieldConfig>
  | Of<"bargauge", bargauge.Options>
  | Of<"logs", logs.Options>
  | Of<"nodeGraph", nodegraph.Options>
  | Of<"traces", Record<string, never>>;

export type Written = Plain<Omit<Dashboard, "panels">> & { panels: Shown[] };
