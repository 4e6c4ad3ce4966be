/** The records of one question: the first page by a search, what comes by the stream, what is older when somebody scrolls there.
 * Of all this no more is kept than a reader can look at, however long the page stays open. */
import { batch, signal } from "@preact/signals";
import { ask, endpoint, problemFrom, reachable, withProject } from "../api/client";
import { serverNow } from "../api/me";
import type { Line, Problem, SearchAnswer } from "../api/types";
import { withTerm } from "../search/terms";
import { bounds, type Range } from "../state/range";
import { MOST, merged, NONE, type Rows, settled } from "./rows";
import { Stream, type StreamState } from "./stream";

export interface Question {
  q: string;
  range: Range;
  columns: string[];
}

const PAGE = 200;
/** Ten paints a second are as live as eyes can follow. */
const BEAT = 100;
/** Records that wait while the list stands still; of more only the number is kept. */
export const HELD = 2000;
/** Records that scrolling down may collect. */
export const LONGEST = 20_000;
const RETRY = 3000;
/** Longer than a record takes from its receipt into the store. */
const LOADING = 10_000;

export class Feed {
  readonly rows = signal<Rows>(NONE);
  /** New records that wait until the reader lets them in. */
  readonly waiting = signal(0);
  /** Records that came too fast to be handed over; a search finds them. */
  readonly missed = signal(0);
  readonly loading = signal(true);
  readonly problem = signal<Problem | undefined>(undefined);
  readonly state = signal<StreamState | "still">("still");
  readonly more = signal(false);
  readonly sql = signal("");
  /** The first answer is there, or what went wrong. */
  readonly first: Promise<void>;
  private settle: () => void = () => {};
  /** Counts the arrivals: what else is shown is asked anew when it has grown. */
  arrivals = 0;

  private readonly abort = new AbortController();
  private stream: Stream | undefined;
  private buffer: Line[] = [];
  private lost = 0;
  private cursor: string | null = null;
  private held = false;
  private asking = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setTimeout> | undefined;

  /** `before` is shown until the first answer. */
  constructor(
    private readonly question: Question,
    before: Rows = NONE,
  ) {
    this.rows.value = before;
    this.first = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  async load(): Promise<void> {
    clearTimeout(this.timer);
    this.loading.value = true;
    const began = serverNow();
    try {
      const answer = await this.search({});
      if (this.abort.signal.aborted) return;
      batch(() => {
        this.rows.value = merged(NONE, answer.rows);
        this.more.value = answer.more;
        this.sql.value = answer.sql;
        this.problem.value = undefined;
        this.missed.value = 0;
      });
      this.cursor = answer.cursor;
      this.lost = 0;
      if (this.question.range.kind === "relative") this.follow(answer.rows, began);
    } catch (error) {
      if (this.abort.signal.aborted) return;
      this.problem.value = problemFrom(error);
      if (!reachable.value) this.timer = setTimeout(() => this.load(), RETRY);
    }
    this.loading.value = false;
    this.settle();
  }

  close(): void {
    this.abort.abort();
    this.settle();
    this.stream?.close();
    clearTimeout(this.timer);
    clearTimeout(this.beat);
  }

  /** While it is held, the list stands still and new records wait. */
  hold(held: boolean): void {
    if (this.held === held) return;
    this.held = held;
    if (!held) this.show();
  }

  /** Let in what waits. Where more came than was kept, the search is the whole truth. */
  show(): void {
    if (this.lost > 0) {
      this.buffer = [];
      this.waiting.value = 0;
      void this.load();
    } else this.take();
  }

  async older(): Promise<void> {
    if (this.asking || this.loading.value || !this.more.value) return;
    const { lines, trimmed } = this.rows.value;
    const oldest = lines.at(-1);
    if (!oldest || lines.length >= LONGEST) return;
    this.asking = true;
    try {
      // After trimming, the cursor points behind what was let go: go on from the last row that is left.
      const answer = await this.search(trimmed ? { until: after(oldest.start_timestamp) } : { before: this.cursor });
      if (this.abort.signal.aborted) return;
      batch(() => {
        this.rows.value = { ...merged(this.rows.value, answer.rows), trimmed: false };
        this.more.value = answer.more;
        this.problem.value = undefined;
      });
      this.cursor = answer.cursor;
    } catch (error) {
      if (!this.abort.signal.aborted) this.problem.value = problemFrom(error);
    }
    this.asking = false;
  }

  /** The newest error that began before a moment, however far back in the range. */
  async errorBefore(moment: string): Promise<Line | undefined> {
    const errors = { text: "level>=error", sql: "level >= 'error'" };
    const { q, range, columns } = this.question;
    const body = {
      q: withTerm(q || "", errors, false),
      ...bounds(range),
      until: moment,
      limit: 1,
      columns,
      pending: false,
    };
    const answer = await ask<SearchAnswer>(endpoint("pages/api/search"), { body, abort: this.abort.signal });
    return answer.rows[0];
  }

  /** From the newest record that the search knew; what comes twice by that is told by its id. */
  /** From the newest record on that the search has found. Where it has found none, from before it began: what was received then
   * and not yet in the store is in neither otherwise. */
  private follow(rows: Line[], began: number): void {
    if (this.stream) return;
    const since =
      rows
        .map((line) => line.created_at)
        .sort()
        .at(-1) ?? new Date(began - LOADING).toISOString();
    const { q, columns } = this.question;
    this.stream = new Stream(endpoint("pages/api/live", withProject({ q, columns: columns.join(",") })), since, {
      rows: (lines, skipped, gap) => this.arrived(lines, skipped, gap),
      state: (state) => {
        this.state.value = state;
      },
      problem: (problem) => {
        this.problem.value = problem;
      },
    });
  }

  private arrived(lines: Line[], skipped: number, gap: boolean): void {
    const first = this.arrivals === 0;
    this.arrivals += lines.length;
    for (const line of lines) this.buffer.push(line);
    // The very first message repeats what the search has found: what it skips is there already.
    let left = first ? 0 : skipped;
    if (this.buffer.length > HELD) {
      left += this.buffer.length - HELD;
      this.buffer = this.buffer.slice(-HELD);
    }
    if (this.held || gap) this.lost += left;
    else this.missed.value += left;
    if (gap && !this.held) this.show();
    else this.beat ??= setTimeout(() => requestAnimationFrame(() => this.flush()), BEAT);
  }

  private flush(): void {
    this.beat = undefined;
    if (!this.held) {
      this.take();
      return;
    }
    const { rows, rest } = settled(this.rows.value, this.buffer);
    this.buffer = rest;
    batch(() => {
      this.rows.value = rows;
      this.waiting.value = unknown(rows, rest) + this.lost;
    });
  }

  private take(): void {
    const lines = this.buffer;
    this.buffer = [];
    batch(() => {
      this.waiting.value = 0;
      const rows = merged(this.rows.value, lines, Math.max(MOST, this.held ? this.rows.value.lines.length : 0));
      if (rows.trimmed) this.more.value = true;
      this.rows.value = rows;
    });
  }

  private search(from: { before?: string | null; until?: string }): Promise<SearchAnswer> {
    const { q, range, columns } = this.question;
    const body = { q, ...bounds(range), limit: PAGE, columns, pending: true, ...from };
    return ask<SearchAnswer>(endpoint("pages/api/search"), { body, abort: this.abort.signal });
  }
}

/** How many of the records that wait are not listed yet. */
function unknown(rows: Rows, waiting: Line[]): number {
  const known = new Set(rows.lines.map((line) => line.id));
  return waiting.reduce((sum, line) => sum + (known.has(line.id) ? 0 : 1), 0);
}

/** A moment later than `iso`, which is exclusive as an end. */
function after(iso: string): string {
  return new Date(Date.parse(iso) + 1).toISOString();
}
