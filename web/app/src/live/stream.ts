/** The stream of records: opened again where it broke off, closed while nobody looks, with words for what it is doing. */
import { problemFrom, reachable, respond } from "../api/client";
import type { Line, Problem } from "../api/types";

export type StreamState = "connecting" | "live" | "waiting" | "asleep";

export interface Handlers {
  /** `gap` says that after a break more had come than the server hands over. */
  rows: (lines: Line[], skipped: number, gap: boolean) => void;
  state: (state: StreamState) => void;
  problem: (problem: Problem) => void;
}

const UNSEEN = 5 * 60_000;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15_000;

/** Follows `url` until `close`. `since` is where it begins; from then on it remembers how far it has come. */
export class Stream {
  private source: EventSource | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private unseen: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT;
  private broken = false;
  private over = false;
  private cursor: string;

  constructor(
    private readonly url: string,
    since: string,
    private readonly handlers: Handlers,
  ) {
    this.cursor = since;
    document.addEventListener("visibilitychange", this.seen);
    this.open();
  }

  close(): void {
    this.over = true;
    document.removeEventListener("visibilitychange", this.seen);
    clearTimeout(this.unseen);
    this.stop();
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = undefined;
  }

  private open(): void {
    this.stop();
    this.handlers.state("connecting");
    const url = new URL(this.url);
    if (this.cursor) url.searchParams.set("since", this.cursor);
    const source = new EventSource(url.href);
    this.source = source;
    source.addEventListener("open", () => {
      this.wait = FIRST_WAIT;
      reachable.value = true;
      this.handlers.state("live");
    });
    source.addEventListener("records", (event) => {
      this.cursor = event.lastEventId || this.cursor;
      const { rows, skipped } = JSON.parse(event.data) as { rows: Line[]; skipped: number };
      const gap = this.broken && skipped > 0;
      this.broken = false;
      this.handlers.rows(rows, skipped, gap);
    });
    source.addEventListener("problem", (event) => this.refused(JSON.parse(event.data) as Problem));
    source.addEventListener("error", () => {
      if (this.over || this.source !== source) return;
      this.broken = true;
      this.handlers.state("waiting");
      // The browser tries again by itself, unless it has given up.
      if (source.readyState === EventSource.CLOSED) this.later();
    });
  }

  private later(): void {
    this.stop();
    this.timer = setTimeout(() => this.again(), this.wait);
    this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
  }

  /** An EventSource does not tell why it ended. A plain request does: signed out, a bad search, or nobody there. */
  private async again(): Promise<void> {
    const abort = new AbortController();
    try {
      await respond(this.url, { abort: abort.signal, accept: "text/event-stream" });
      abort.abort();
      if (!this.over) this.open();
    } catch (error) {
      if (!this.over) this.refused(problemFrom(error));
    }
  }

  /** What passes is tried again; what stays wrong is told and ends the stream. */
  private refused(problem: Problem): void {
    const passes = problem.retryable || problem.status === 0 || problem.status === 429 || problem.status >= 500;
    if (passes) {
      this.broken = true;
      this.handlers.state("waiting");
      this.later();
      return;
    }
    this.close();
    this.handlers.problem(problem);
  }

  private readonly seen = () => {
    clearTimeout(this.unseen);
    if (document.hidden) {
      this.unseen = setTimeout(() => {
        this.stop();
        this.handlers.state("asleep");
      }, UNSEEN);
    } else if (!this.source && !this.over) {
      this.broken = true;
      this.open();
    }
  };
}
