import fc from "fast-check";
import { expect, test } from "vitest";
import type { Kind, Line } from "../api/types";
import { folded, merged, NONE, newestFirst } from "./rows";

function line(over: Partial<Line> & { n?: number } = {}): Line {
  const n = over.n ?? 0;
  const kind: Kind = over.kind ?? "log";
  return {
    id: `${kind} ${n}`,
    kind,
    start_timestamp: `2026-11-21T12:00:00.${String(n).padStart(6, "0")}Z`,
    duration: null,
    level: 9,
    message: `m${n}`,
    service_name: "api",
    span_name: "s",
    trace_id: "t",
    span_id: `s${n}`,
    parent_span_id: null,
    is_exception: false,
    exception_type: null,
    http_response_status_code: null,
    deployment_environment: null,
    otel_scope_name: null,
    tags: [],
    created_at: "",
    extra: {},
    ...over,
  };
}

const any = fc
  .tuple(fc.nat(30), fc.constantFrom<Kind>("log", "span", "pending_span"))
  .map(([n, kind]) => line({ n, kind }));

test("whatever comes in whatever batches, each record is there once, the newest first", () => {
  fc.assert(
    fc.property(fc.array(fc.array(any)), (batches) => {
      const rows = batches.reduce((before, batch) => merged(before, batch), NONE).lines;
      expect(new Set(rows.map((each) => each.id)).size).toBe(rows.length);
      expect(rows).toEqual([...rows].sort(newestFirst));
      const ended = new Set(
        batches
          .flat()
          .filter((each) => each.kind === "span")
          .map((each) => each.span_id),
      );
      const expected = new Set(
        batches
          .flat()
          .filter((each) => each.kind !== "pending_span" || !ended.has(each.span_id))
          .map((each) => each.id),
      );
      expect(new Set(rows.map((each) => each.id))).toEqual(expected);
    }),
  );
});

test("how it is cut into batches makes no difference", () => {
  fc.assert(
    fc.property(fc.array(any), fc.nat(10), (all, cut) => {
      const whole = merged(NONE, all).lines;
      const parts = merged(merged(NONE, all.slice(0, cut)), all.slice(cut)).lines;
      expect(parts).toEqual(whole);
    }),
  );
});

test("the oldest go when there are too many, and that is known", () => {
  const rows = merged(merged(NONE, [line({ n: 1 }), line({ n: 2 })], 2), [line({ n: 3 })], 2);
  expect(rows.lines.map((each) => each.message)).toEqual(["m3", "m2"]);
  expect(rows.trimmed).toBe(true);
});

test("what brings nothing new leaves the very same rows", () => {
  const rows = merged(NONE, [line({ n: 1 })]);
  expect(merged(rows, [line({ n: 1 })])).toBe(rows);
});

test("three alike in a row are one, two are not, and what is opened is shown", () => {
  const lines = [5, 4, 3, 2, 1].map((n) => line({ n, message: n > 2 ? "again" : "other" }));
  expect(folded(lines, new Set()).map((each) => [each.line.message, each.alike])).toEqual([
    ["again", 2],
    ["other", 0],
    ["other", 0],
  ]);
  expect(folded(lines, new Set(["log 5"]))).toHaveLength(5);
});
