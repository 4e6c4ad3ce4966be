/** One trace that is there: what all its views share (the forest, the critical path, what is chosen), its head, the view of the address, and the drawer. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { Drawer } from "../parts/Drawer";
import { Nothing } from "../parts/Panel";
import { RecordDetails } from "../record/RecordDetails";
import { param, set } from "../state/address";
import { type Window, windowOf, windowText } from "./axis";
import { CompareView } from "./CompareView";
import { criticalPath, pathByNode } from "./criticalPath";
import { Flame } from "./Flame";
import { found } from "./find";
import { revealed, visibleRows } from "./layout";
import { Minimap } from "./Minimap";
import { Operations } from "./Operations";
import { isoAt, type Known } from "./rows";
import { gaps } from "./stats";
import { Toolbar } from "./Toolbar";
import { TraceHeader } from "./TraceHeader";
import { buildForest, type Forest, type Node } from "./tree";
import { useTraceKeys } from "./useTraceKeys";
import { Waterfall } from "./Waterfall";

/** What the views are given. */
export interface Look {
  forest: Forest;
  /** All of the time, and the part of it that is looked at. */
  whole: Window;
  window: Window;
  zoom: (to: Window) => void;
  path: ReturnType<typeof pathByNode>;
  /** The keys of what the search within found; null where nothing is searched. */
  matches: string[] | null;
  matching: ReadonlySet<string> | null;
  /** Whether spans without an end are thought to run still. */
  runs: boolean;
  notes: boolean;
  collapsed: ReadonlySet<string>;
  fold: (collapsed: ReadonlySet<string>) => void;
  /** Where the keys are, and its row: that of the span where it is a log without one. */
  target: Node | undefined;
  cursor: Node | undefined;
  /** Move there, unfolding what hides it; `open` shows its details, too. */
  point: (node: Node, open?: boolean) => void;
}

/** Spans without an end are taken for running if something came within the last ten minutes. */
const RUNS = 600_000;

export function TraceView({ known, live }: { known: Known; live: boolean }) {
  const errorsFirst = param("first") === "errors";
  const notes = param("logs") === "1";
  const unended = useMemo(() => [...known.rows.values()].some((row) => row.kind === "pending_span"), [known]);
  const forest = useMemo(() => {
    const now = Date.now();
    const asOf = now - Date.parse(known.cursor) < RUNS ? Number(BigInt(now) * 1_000_000n - known.start) : undefined;
    return buildForest(known.rows.values(), { asOf, errorsFirst });
    // While it runs, each answer makes it a little longer, also one without news.
  }, [known, errorsFirst, live && unended && Math.floor(Date.now() / 2000)]);
  // Of half a trace, nobody knows what was waited for.
  const path = useMemo(() => pathByNode(known.truncated ? [] : criticalPath(forest)), [forest]);
  const empty = useMemo(() => gaps(forest), [forest]);
  const text = param("find");
  const matches = useMemo(() => found(forest, text), [forest, text]);
  const matching = useMemo(() => matches && withRows(forest, matches, notes), [matches, notes]);
  const [collapsed, fold] = useState<ReadonlySet<string>>(new Set<string>());
  const chosen = param("span");
  const [at, setAt] = useState(chosen);
  const target = forest.byKey.get(at);
  // A link, or going back, may choose another span.
  useEffect(() => {
    const node = forest.byKey.get(chosen);
    if (!node || chosen === at) return;
    setAt(chosen);
    fold((before) => revealed(before, node));
  }, [chosen]);
  const whole = { from: forest.start, to: Math.max(forest.end, forest.start + 1) };
  const look: Look = {
    forest,
    whole,
    window: windowOf(param("zoom"), whole),
    zoom: (to) => set({ zoom: windowText(to, whole) }, { replace: true }),
    path,
    matches,
    matching,
    runs: Date.now() - Date.parse(known.cursor) < RUNS,
    notes,
    collapsed,
    fold,
    target,
    cursor: target && rowOf(target, notes),
    point: (node, open = false) => {
      setAt(node.key);
      fold((before) => revealed(before, node));
      if (open || param("span")) set({ span: node.key }, { replace: true });
    },
  };
  const rows = useMemo(() => visibleRows(forest, collapsed, notes), [forest, collapsed, notes]);
  const view = viewOf(param("view"));
  useTraceKeys(look, rows, view);
  const shown = forest.byKey.get(chosen);
  return (
    <div class="trace">
      <div class="trace-main">
        <TraceHeader known={known} look={look} live={live} />
        <Toolbar look={look} view={view} />
        {known.truncated && (
          <p class="trace-note small" role="status">
            <span class="level-warn" aria-hidden="true">
              ▲{" "}
            </span>
            The first {known.rows.size.toLocaleString("en-US")} of {known.total.toLocaleString("en-US")} records are
            shown; the others can be asked for in SQL. The critical path is not drawn, and self times are too long, as
            they lack what is missing.
          </p>
        )}
        {view !== "table" && view !== "compare" && <Minimap look={look} gaps={empty} />}
        {view === "waterfall" && <Waterfall look={look} rows={rows} gaps={empty} />}
        {view === "flame" &&
          (forest.spans ? <Flame look={look} /> : <Nothing title="This trace has logs, but no spans to draw" />)}
        {view === "table" && <Operations look={look} />}
        {view === "compare" && <CompareView known={known} look={look} />}
      </div>
      {shown && (
        <Drawer title="Details of the record" close={() => set({ span: null }, { replace: true })}>
          <RecordDetails
            key={shown.key}
            trace_id={known.trace_id}
            span_id={shown.row.span_id}
            kind={shown.row.kind}
            id={shown.row.id}
            at={isoAt(known.start, shown.start)}
          />
        </Drawer>
      )}
    </div>
  );
}

function rowOf(node: Node, notes: boolean): Node {
  return node.note && !notes && node.parent ? node.parent : node;
}

/** What was found, and the rows on which logs that were found are ticks. */
function withRows(forest: Forest, matches: string[], notes: boolean): ReadonlySet<string> {
  const keys = new Set(matches);
  for (const key of matches) {
    const node = forest.byKey.get(key);
    if (node) keys.add(rowOf(node, notes).key);
  }
  return keys;
}

export type View = "waterfall" | "flame" | "table" | "compare";

function viewOf(text: string): View {
  return text === "flame" || text === "table" || text === "compare" ? text : "waterfall";
}
