/** One query at a time: asked, cancelled, answered or refused. The last good result stays until a better one comes. */
import { signal } from "@preact/signals";
import { problemFrom } from "../api/client";
import type { Problem } from "../api/types";
import { remember } from "./past";
import { asked, type Question, type Result } from "./result";

/** What was asked, and which part of the editor's text it is. */
export interface Asked {
  question: Question;
  part: { at: number; length: number } | undefined;
}

export interface Running {
  /** Since when, in `performance.now()`; undefined while nothing runs. */
  since: number | undefined;
  asked: Asked | undefined;
  result: Result | undefined;
  /** What the result is the answer to. */
  of: Asked | undefined;
  problem: Problem | undefined;
  /** Seconds after which it was cancelled. */
  cancelled: number | undefined;
}

const NOTHING: Running = {
  since: undefined,
  asked: undefined,
  result: undefined,
  of: undefined,
  problem: undefined,
  cancelled: undefined,
};

export class Runner {
  readonly state = signal<Running>(NOTHING);
  private abort: AbortController | undefined;

  async run(what: Asked): Promise<void> {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    const since = performance.now();
    const at = new Date().toISOString();
    const { sql } = what.question;
    this.state.value = { ...this.state.value, since, asked: what, problem: undefined, cancelled: undefined };
    try {
      const result = await asked(what.question, abort.signal);
      if (this.abort !== abort) return;
      this.state.value = { ...NOTHING, asked: what, result, of: what };
      remember({ sql, at, outcome: "ok", rows: result.rows.length, took: result.took });
    } catch (error) {
      if (this.abort !== abort) return;
      const took = (performance.now() - since) / 1000;
      if (abort.signal.aborted) {
        this.state.value = { ...this.state.value, since: undefined, cancelled: took };
        remember({ sql, at, outcome: "cancelled", took });
        return;
      }
      const problem = problemFrom(error);
      this.state.value = { ...this.state.value, since: undefined, problem };
      remember({ sql, at, outcome: "failed", detail: problem.detail, took });
    }
  }

  /** Whether there was something to cancel. The server kills the query when the connection closes. */
  cancel(): boolean {
    if (this.state.value.since === undefined) return false;
    this.abort?.abort();
    return true;
  }

  /** As it was before anything was asked. */
  clear(): void {
    const { abort } = this;
    this.abort = undefined;
    abort?.abort();
    this.state.value = NOTHING;
  }
}
