import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Problem } from "../api/types";
import { Stream, type StreamState } from "./stream";

const opened: Source[] = [];

/** The browser's own, without a server: tests say how it fares. */
class Source extends EventTarget {
  static readonly CLOSED = 2;
  readyState = 1;

  constructor(readonly url: string) {
    super();
    opened.push(this);
  }
  close() {
    this.readyState = Source.CLOSED;
  }
  sends(type: string, data: unknown, lastEventId = "") {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId }));
  }
  givesUp() {
    this.readyState = Source.CLOSED;
    this.dispatchEvent(new Event("error"));
  }
}

const URL_OF = "http://localhost/pages/api/live?q=boom";
let states: StreamState[] = [];
let problems: Problem[] = [];
let gaps: boolean[] = [];

function follow(): Stream {
  return new Stream(URL_OF, "2026-11-21T12:00:00Z", {
    rows: (_lines, _skipped, gap) => gaps.push(gap),
    state: (state) => states.push(state),
    problem: (problem) => problems.push(problem),
  });
}
const since = (source: Source | undefined) => new URL(source?.url ?? "").searchParams.get("since");

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
  vi.stubGlobal("fetch", async () => new Response(""));
  opened.length = 0;
  [states, problems, gaps] = [[], [], []];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("it begins where it is told, and when the browser gives up it goes on where it was", async () => {
  const stream = follow();
  expect(since(opened[0])).toBe("2026-11-21T12:00:00Z");
  opened[0]?.sends("records", { rows: [], skipped: 3 }, "cursor 7");
  opened[0]?.givesUp();
  await vi.advanceTimersByTimeAsync(1100);
  expect(opened).toHaveLength(2);
  expect(since(opened[1])).toBe("cursor 7");
  opened[1]?.dispatchEvent(new Event("open"));
  expect(states).toEqual(["connecting", "waiting", "connecting", "live"]);
  // Only after a break is what was skipped a gap.
  opened[1]?.sends("records", { rows: [], skipped: 3 }, "cursor 8");
  opened[1]?.sends("records", { rows: [], skipped: 3 }, "cursor 9");
  expect(gaps).toEqual([false, true, false]);
  stream.close();
});

test("a search that is wrong ends it, a server that is busy does not", async () => {
  const stream = follow();
  opened[0]?.sends("problem", { status: 503, title: "busy", detail: "busy", type: "busy" });
  await vi.advanceTimersByTimeAsync(1100);
  expect([problems, opened.length]).toEqual([[], 2]);
  opened[1]?.sends("problem", { status: 400, title: "wrong", detail: "no such key", type: "wrong" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect([problems.map((each) => each.detail), opened.length]).toEqual([["no such key"], 2]);
  stream.close();
});

test("out of sight for five minutes it sleeps, and wakes when it is seen", async () => {
  const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  const stream = follow();
  document.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(4 * 60_000);
  expect(states.at(-1)).toBe("connecting");
  await vi.advanceTimersByTimeAsync(2 * 60_000);
  expect([states.at(-1), opened[0]?.readyState]).toEqual(["asleep", Source.CLOSED]);
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event("visibilitychange"));
  expect(opened).toHaveLength(2);
  stream.close();
  hidden.mockRestore();
});

test("closed is closed", async () => {
  const stream = follow();
  stream.close();
  opened[0]?.givesUp();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(opened).toHaveLength(1);
});
