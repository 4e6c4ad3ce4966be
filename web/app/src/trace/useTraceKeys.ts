/** The keys of a trace: moving, folding, errors, the search within, the zoom. */
import { useKeys } from "../frame/keys";
import { param, set } from "../state/address";
import { moved, zoomed } from "./axis";
import { findField } from "./FindBox";
import { neighbour } from "./flame";
import { collapsedBelow, isExpandable, toggled } from "./layout";
import type { Look, View } from "./TraceView";
import type { Node } from "./tree";

export function useTraceKeys(look: Look, rows: Node[], view: View): void {
  const { forest, cursor, point, collapsed, fold, notes, window, whole, zoom } = look;
  const at = cursor ? rows.indexOf(cursor) : -1;

  function step(by: number) {
    const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
    if (next) point(next);
  }
  function fewer() {
    if (!cursor) return;
    if (!collapsed.has(cursor.key) && isExpandable(cursor, notes)) fold(toggled(forest, collapsed, cursor, false));
    else if (cursor.parent) point(cursor.parent);
  }
  function more() {
    if (!cursor) return;
    if (collapsed.has(cursor.key)) fold(toggled(forest, collapsed, cursor, true));
    else if (isExpandable(cursor, notes)) step(1);
  }
  /** The next one that is meant, round the end. */
  function jump(nodes: Node[], by: 1 | -1) {
    if (!nodes.length) return;
    const from = look.target ? look.target.index : by > 0 ? -1 : forest.nodes.length;
    const next = by > 0 ? nodes.find((node) => node.index > from) : nodes.findLast((node) => node.index < from);
    const target = next ?? (by > 0 ? nodes[0] : nodes.at(-1));
    if (target) point(target);
  }
  const errors = () => forest.nodes.filter((node) => node.error);
  const matches = () => (look.matches ?? []).flatMap((key) => forest.byKey.get(key) ?? []);
  const around = () => (cursor ? (cursor.start + cursor.end) / 2 : (window.from + window.to) / 2);
  const length = window.to - window.from;
  const tree = view === "waterfall" || view === "flame";
  const rowwise = [
    { keys: "j ArrowDown", words: "Next row", act: () => step(1) },
    { keys: "k ArrowUp", words: "Row before", act: () => step(-1) },
    { keys: "ArrowLeft", words: "Fold, or go to the parent", act: fewer },
    { keys: "ArrowRight", words: "Unfold, or go to the first child", act: more },
  ];
  const moving = [
    { keys: "Home", words: "First row", act: () => step(-rows.length) },
    { keys: "End", words: "Last row", act: () => step(rows.length) },
    { keys: "PageDown", words: "Twenty rows on", act: () => step(20) },
    { keys: "PageUp", words: "Twenty rows back", act: () => step(-20) },
    { keys: "Enter", words: "Show the details", act: () => look.target && point(look.target, true) },
    { keys: "e", words: "Next error", act: () => jump(errors(), 1) },
    { keys: "E", words: "Error before", act: () => jump(errors(), -1) },
    { keys: "n", words: "Next that the search found", act: () => jump(matches(), 1) },
    { keys: "N", words: "One found before", act: () => jump(matches(), -1) },
    { keys: "-", words: "Fold all below the first level", act: () => fold(collapsedBelow(forest, 2)) },
    { keys: "+", words: "Unfold all", act: () => fold(new Set<string>()) },
    { keys: "]", words: "Zoom in", act: () => zoom(zoomed(window, whole, 0.5, around())) },
    { keys: "[", words: "Zoom out", act: () => zoom(zoomed(window, whole, 2, around())) },
    { keys: "{", words: "Earlier", act: () => zoom(moved(window, whole, -length / 4)) },
    { keys: "}", words: "Later", act: () => zoom(moved(window, whole, length / 4)) },
    { keys: "0", words: "The whole time", act: () => zoom(whole) },
    { keys: "l", words: "Show or hide logs as rows", act: () => set({ logs: notes ? null : "1" }, { replace: true }) },
  ];
  const go = (key: "up" | "down" | "left" | "right") => () => {
    const next = neighbour(forest, cursor, key);
    if (next) point(next);
  };
  const flaming = [
    { keys: "ArrowUp k", words: "Parent", act: go("up") },
    { keys: "ArrowDown j", words: "First child", act: go("down") },
    { keys: "ArrowLeft", words: "Sibling before", act: go("left") },
    { keys: "ArrowRight", words: "Next sibling", act: go("right") },
  ];
  useKeys("Trace", [
    ...(view === "flame" ? flaming : view === "waterfall" ? rowwise : []),
    ...(tree ? moving : []),
    { keys: "f Ctrl+f /", words: "Search within the trace", act: () => findField.value?.select() },
    {
      keys: "Escape",
      words: "Close the details",
      act: () => set(param("span") ? { span: null } : { find: null }, { replace: true }),
    },
    { keys: "1", words: "Waterfall", act: () => set({ view: null }) },
    { keys: "2", words: "Flame graph", act: () => set({ view: "flame" }) },
    { keys: "3", words: "Table", act: () => set({ view: "table" }) },
    { keys: "4", words: "Comparison", act: () => set({ view: "compare" }) },
  ]);
}
