/** Which chart suits a result, and how a chart is written in the address. */
import type { Column, Result } from "./result";

export type ChartType = "line" | "area" | "bar" | "columns" | "pie" | "heat" | "single";
export const CHART_TYPES: { id: ChartType; words: string }[] = [
  { id: "line", words: "Line" },
  { id: "area", words: "Area" },
  { id: "columns", words: "Columns" },
  { id: "bar", words: "Bars" },
  { id: "pie", words: "Pie" },
  { id: "heat", words: "Heat" },
  { id: "single", words: "One value" },
];

export interface ChartSpec {
  type: ChartType;
  x: string;
  y: string[];
  /** The column whose values become series; of a heat map, its rows. */
  by: string;
  stacked: boolean;
  log: boolean;
}

const SERIES_MOST = 6;
const FEW = 2;

/** The first guess; undefined is better read as a table. */
export function guessed(result: Result): ChartSpec | undefined {
  if (!result.rows.length) return undefined;
  const numbers = result.columns.filter((column) => column.sort === "number");
  const times = result.columns.filter((column) => column.sort === "time");
  const texts = result.columns.filter((column) => column.sort === "text" || column.sort === "bool");
  const others = result.columns.length - numbers.length - times.length - texts.length;
  const spec = (type: ChartType, x: Column | undefined, y: Column[], by?: Column): ChartSpec => ({
    type,
    x: x?.name ?? "",
    y: y.slice(0, SERIES_MOST).map((column) => column.name),
    by: by?.name ?? "",
    stacked: false,
    log: false,
  });
  if (!numbers.length || others) return undefined;
  const [time] = times;
  if (time && times.length === 1 && texts.length < FEW && result.rows.length > 1 && isMoments(result, time)) {
    if (!isDistinct(result, [time, ...texts])) return undefined;
    return texts.length ? spec("line", time, numbers.slice(0, 1), texts[0]) : spec("line", time, numbers);
  }
  if (times.length || (texts.length && !isDistinct(result, texts))) return undefined;
  if (texts.length === 1) return spec("bar", texts[0], numbers.slice(0, 1));
  if (texts.length === 2 && numbers.length === 1) return spec("heat", texts[0], numbers, texts[1]);
  if (!texts.length && numbers.length === 1 && result.rows.length === 1) return spec("single", undefined, numbers);
  if (!texts.length && numbers.length === 2 && result.rows.length > 1)
    return spec("columns", numbers[0], numbers.slice(1));
  return undefined;
}

/** Days and moments make an axis; other texts do not. */
function isMoments(result: Result, time: Column): boolean {
  const at = result.columns.indexOf(time);
  return result.rows.every((row) => row[at] === null || !Number.isNaN(Date.parse(String(row[at]))));
}

/** Rows that agree in all that would tell them apart are a list, and adding them up would say something else. */
function isDistinct(result: Result, columns: Column[]): boolean {
  const places = columns.map((column) => result.columns.indexOf(column));
  return new Set(result.rows.map((row) => JSON.stringify(places.map((at) => row[at])))).size === result.rows.length;
}

/** As in the address: `line;x=t;y=a,b;by=c;stacked;log`. */
export function written(spec: ChartSpec): string {
  const name = encodeURIComponent;
  return [
    spec.type,
    ...(spec.x ? [`x=${name(spec.x)}`] : []),
    ...(spec.y.length ? [`y=${spec.y.map(name).join(",")}`] : []),
    ...(spec.by ? [`by=${name(spec.by)}`] : []),
    ...(spec.stacked ? ["stacked"] : []),
    ...(spec.log ? ["log"] : []),
  ].join(";");
}

/** Read from the address; undefined where it is none. */
export function readSpec(text: string): ChartSpec | undefined {
  const [type, ...parts] = text.split(";");
  const known = CHART_TYPES.find((each) => each.id === type);
  if (!known) return undefined;
  const spec: ChartSpec = { type: known.id, x: "", y: [], by: "", stacked: false, log: false };
  for (const part of parts) {
    const [key, value = ""] = part.split("=", 2);
    if (key === "x") spec.x = decoded(value);
    if (key === "by") spec.by = decoded(value);
    if (key === "y") spec.y = value.split(",").filter(Boolean).map(decoded);
    if (key === "stacked") spec.stacked = true;
    if (key === "log") spec.log = true;
  }
  return spec;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What was chosen as far as the result has it; the rest is filled from the guess. */
export function fitted(chosen: ChartSpec | undefined, result: Result): ChartSpec | undefined {
  const guess = guessed(result);
  if (!chosen) return guess;
  const has = (name: string) => result.columns.some((column) => column.name === name);
  const numbers = result.columns.filter((column) => column.sort === "number").map((column) => column.name);
  const y = chosen.y.filter(has);
  // A choice of columns that are all gone was made for another query.
  if ((chosen.x || chosen.y.length) && !has(chosen.x) && !y.length) return guess;
  if (!numbers.length && !y.length) return undefined;
  const x = has(chosen.x)
    ? chosen.x
    : guess?.x || (result.columns.find((column) => column.sort !== "number")?.name ?? "");
  return {
    ...chosen,
    x,
    y: y.length ? y : guess?.y.length ? guess.y : numbers.filter((name) => name !== x).slice(0, 1),
    by: has(chosen.by) && chosen.by !== x ? chosen.by : "",
  };
}
