/** A trace from the server: asked once, waited for while it may not have arrived yet, and asked again for what is new as long as it runs. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, endpoint, problemFrom, project } from "../api/client";
import type { TraceAnswer } from "../api/traces";
import type { Problem } from "../api/types";
import { type Known, withAnswer } from "./rows";

const SOON = 2000;
const LATER = 30_000;
/** A trace is young, and a missing one may still come, for so long. */
export const YOUNG = 30_000;
/** After so long without news, a span without an end was probably killed. */
const GIVEN_UP = 600_000;

export interface Watched {
  known: Known | undefined;
  problem: Problem | undefined;
  /** Not there yet, but looked for again. */
  waiting: boolean;
  /** Asked again and again. */
  live: boolean;
  again: () => void;
}

export function useTrace(id: string): Watched {
  const [state, setState] = useState<Omit<Watched, "again">>(NOTHING);
  const [round, setRound] = useState(0);
  const known = useRef<Known | undefined>(undefined);
  const name = project.value;
  useEffect(() => {
    known.current = undefined;
    setState(NOTHING);
    if (!id) return;
    const abort = new AbortController();
    const began = Date.now();
    let news = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = (time: number) => {
      timer = setTimeout(look, time);
    };
    async function look() {
      // A page that nobody sees asks nothing; it goes on when it is seen.
      if (document.visibilityState === "hidden") return;
      const before = known.current;
      try {
        const url = endpoint(`pages/api/trace/${encodeURIComponent(id)}`, { since_created: before?.cursor });
        const answer = await ask<TraceAnswer>(url, { abort: abort.signal });
        const now = withAnswer(before, answer);
        if (now !== before) news = before ? Date.now() : Math.min(Date.now(), Date.parse(answer.cursor));
        known.current = now;
        const pace = paceOf(now, Date.now() - news);
        setState({ known: now, problem: undefined, waiting: false, live: pace === SOON });
        if (pace) wait(pace);
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem = problemFrom(error);
        const waiting = problem.status === 404 && !before && Date.now() - began < YOUNG;
        setState({ known: before, problem, waiting, live: false });
        if (waiting || problem.status === 0 || before) wait(SOON);
      }
    }
    const seen = () => {
      if (document.visibilityState === "hidden" || !timer) return;
      clearTimeout(timer);
      look();
    };
    document.addEventListener("visibilitychange", seen);
    look();
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [id, name, round]);
  return { ...state, again: () => setRound((n) => n + 1) };
}

const NOTHING = { known: undefined, problem: undefined, waiting: false, live: false };

/** Milliseconds until the next question; 0 is none. */
export function paceOf(known: Known, quiet: number): number {
  if (quiet < YOUNG) return SOON;
  for (const row of known.rows.values()) if (row.kind === "pending_span") return quiet < GIVEN_UP ? SOON : LATER;
  return 0;
}
