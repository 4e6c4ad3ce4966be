import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Kind, Line } from "../api/types";
import { rangeOf } from "../state/range";
import { Feed, HELD } from "./feed";
import { MOST } from "./rows";

/** The browser's own, without a server: tests say what arrives. */
class Source extends EventTarget {
  static readonly CLOSED = 2;
  static last: Source | undefined;
  readyState = 1;
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    Source.last = this;
  }
  close() {
    this.readyState = Source.CLOSED;
  }
  send(rows: Line[], skipped = 0) {
    this.dispatchEvent(new MessageEvent("records", { data: JSON.stringify({ rows, skipped }), lastEventId: "c7" }));
  }
}

const BASE = Date.parse("2026-11-21T12:00:00Z");

function line(n: number, kind: Kind = "log"): Line {
  const at = new Date(BASE + n).toISOString().replace("Z", "000Z");
  return {
    ...{ id: `${kind} ${n}`, kind, start_timestamp: at, duration: null, level: 9, message: `m${n}`, created_at: at },
    ...{
      service_name: "api",
      span_name: "s",
      trace_id: "t",
      span_id: `${n}`,
      parent_span_id: null,
      tags: [],
      extra: {},
    },
    ...{ is_exception: false, exception_type: null, http_response_status_code: null },
    ...{ deployment_environment: null, otel_scope_name: null },
  };
}

let found: Line[] = [];
let asked: Record<string, unknown>[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "requestAnimationFrame"] });
  vi.stubGlobal("EventSource", Source);
  vi.stubGlobal("fetch", async (_url: string, { body }: { body: string }) => {
    asked.push(JSON.parse(body));
    return Response.json({ rows: found, more: false, cursor: null, sql: "SELECT", took: 0 });
  });
  found = [];
  asked = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function opened(from = "", to = ""): Promise<Feed> {
  Source.last = undefined;
  const feed = new Feed({ q: "", range: rangeOf(from, to), columns: [] });
  await feed.load();
  return feed;
}
const painted = () => vi.advanceTimersByTime(200);
const shown = (feed: Feed) => feed.rows.value.lines.map((each) => each.message);

test("the stream takes up where the search ended, and what comes twice is there once", async () => {
  found = [line(2), line(1)];
  const feed = await opened();
  expect(new URL(Source.last?.url ?? "").searchParams.get("since")).toBe(line(2).created_at);
  Source.last?.send([line(2), line(3)]);
  painted();
  expect(shown(feed)).toEqual(["m3", "m2", "m1"]);
  feed.close();
});

test("two moments have no stream", async () => {
  const feed = await opened("2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z");
  expect(Source.last).toBeUndefined();
  expect(feed.state.value).toBe("still");
});

test("while it is held new records wait, and come in when it is let go", async () => {
  found = [line(1)];
  const feed = await opened();
  feed.hold(true);
  Source.last?.send([line(2), line(3)]);
  painted();
  expect([shown(feed), feed.waiting.value]).toEqual([["m1"], 2]);
  feed.hold(false);
  expect([shown(feed), feed.waiting.value]).toEqual([["m3", "m2", "m1"], 0]);
  feed.close();
});

test("a span that ends takes its place even while the list stands still", async () => {
  found = [line(3), line(2, "pending_span"), line(1)];
  const feed = await opened();
  feed.hold(true);
  Source.last?.send([line(2, "span"), line(4)]);
  painted();
  expect(feed.rows.value.lines.map((each) => each.kind)).toEqual(["log", "span", "log"]);
  expect(feed.waiting.value).toBe(1);
  feed.close();
});

test("however much waits, little is kept; what was lost is searched for", async () => {
  const feed = await opened();
  feed.hold(true);
  for (let n = 0; n < HELD + 500; n += 1) Source.last?.send([line(n)]);
  painted();
  expect(feed.waiting.value).toBe(HELD + 500);
  found = [line(9999)];
  const before = asked.length;
  feed.hold(false);
  await vi.waitFor(() => expect(shown(feed)).toEqual(["m9999"]));
  expect(asked.length).toBe(before + 1);
  feed.close();
});

test("an hour of records leaves no more than the newest few thousand", async () => {
  const feed = await opened();
  for (let n = 0; n < 100; n += 1) {
    Source.last?.send(Array.from({ length: 200 }, (_, index) => line(n * 200 + index)));
    painted();
  }
  expect(feed.rows.value.lines).toHaveLength(MOST);
  expect(shown(feed)[0]).toBe("m19999");
  expect(feed.more.value).toBe(true);
  feed.close();
});

test("what the server skipped is told, but not for its first message, which repeats the search", async () => {
  const feed = await opened();
  Source.last?.send([line(1)], 50);
  painted();
  expect(feed.missed.value).toBe(0);
  Source.last?.send([line(2)], 7);
  expect(feed.missed.value).toBe(7);
  feed.close();
});

test("whenever it is held and let go, in the end all is listed", async () => {
  const steps = fc.array(fc.oneof(fc.boolean(), fc.array(fc.nat(40), { maxLength: 5 })), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const feed = await opened();
      const sent = new Set<number>();
      for (const step of all) {
        if (typeof step === "boolean") feed.hold(step);
        else {
          Source.last?.send(step.map((n) => line(n)));
          for (const n of step) sent.add(n);
        }
        painted();
      }
      feed.hold(false);
      painted();
      expect(shown(feed)).toEqual([...sent].sort((a, b) => b - a).map((n) => `m${n}`));
      feed.close();
    }),
    { numRuns: 50 },
  );
});
