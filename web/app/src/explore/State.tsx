/** Below the editor: the clock of what runs, what was wrong, what was cancelled. */
import { useEffect, useState } from "preact/hooks";
import { me } from "../api/me";
import { duration } from "../format/duration";
import type { Running } from "./running";

const TICK = 100;
/** Most queries end before it is worth saying that they run. */
const QUIET = 0.3;

export function State({ running }: { running: Running }) {
  const { since, problem, cancelled, result } = running;
  if (since !== undefined) return <Clock key={since} since={since} first={!result} />;
  const below = result ? " Below is the result before it." : "";
  if (cancelled !== undefined) {
    return (
      <div class="explore-state row small" role="status">
        Cancelled after {duration(cancelled)}.{below}
      </div>
    );
  }
  if (!problem) return null;
  return (
    <div class="explore-state failed small" role="alert">
      <span class="level-error">
        <span aria-hidden="true">✕ </span>
        {problem.detail.startsWith(problem.title) ? "" : `${problem.title}.`}
      </span>{" "}
      {problem.detail}
      <span class="quiet-text">{below}</span>
    </div>
  );
}

function Clock({ since, first }: { since: number; first: boolean }) {
  const [now, setNow] = useState(since);
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), TICK);
    return () => clearInterval(timer);
  }, []);
  const seconds = (now - since) / 1000;
  const most = me.value?.limits.query_seconds;
  if (seconds < QUIET) return first ? <div class="explore-state" /> : null;
  return (
    <div class="explore-state row small">
      <span class="number" aria-hidden="true">
        Running for {seconds.toFixed(1)} s
      </span>
      <span class="unseen" role="status">
        The query runs
      </span>
      <span class="quiet-text">{most ? `of at most ${duration(most)}; ` : ""}Esc cancels it</span>
    </div>
  );
}
