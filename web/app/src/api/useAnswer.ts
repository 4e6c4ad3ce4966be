/** A question that a component asks whenever its key changes: the latest answer, the one before while a new one is on its way, or what went wrong. */
import { useEffect, useRef, useState } from "preact/hooks";
import { problemFrom, reachable } from "./client";
import type { Problem } from "./types";

export interface Answered<T> {
  data: T | undefined;
  problem: Problem | undefined;
  /** No answer to this key yet: `data` may be the answer to an earlier one. */
  loading: boolean;
  again: () => void;
}

const RETRY = 3000;

/** Null as key asks nothing. An unreachable server is asked again by itself. */
export function useAnswer<T>(key: string | null, question: (abort: AbortSignal) => Promise<T>): Answered<T> {
  const [state, setState] = useState<{ data?: T | undefined; problem?: Problem | undefined; loading: boolean }>({
    loading: key !== null,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(question);
  latest.current = question;
  useEffect(() => {
    if (key === null) {
      setState({ loading: false });
      return;
    }
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setState((before) => ({ ...before, loading: true }));
    latest.current(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setState({ data, problem: undefined, loading: false });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setState((before) => ({ data: before.data, problem: problemFrom(error), loading: false }));
        if (!reachable.value) timer = setTimeout(() => setRound((n) => n + 1), RETRY);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, round]);
  return { data: state.data, problem: state.problem, loading: state.loading, again: () => setRound((n) => n + 1) };
}
