/** Looks every now and then whether the server is there and the reader still signed in; more often while it is not. */
import { useEffect } from "preact/hooks";
import { reachable } from "../api/client";
import { loadMe } from "../api/me";

const USUAL = 15_000;
const GONE = 2_000;
const PATIENCE = 10_000;

export function useServer(): void {
  const gone = !reachable.value;
  useEffect(() => {
    let asking = false;
    async function look() {
      if (asking || document.hidden) return;
      asking = true;
      const abort = new AbortController();
      const late = setTimeout(() => abort.abort(), PATIENCE);
      try {
        await loadMe(abort.signal);
      } catch {
        // Whoever has not answered by now will not; the rest `ask` has noticed.
        if (abort.signal.aborted) reachable.value = false;
      }
      clearTimeout(late);
      asking = false;
    }
    const timer = setInterval(look, gone ? GONE : USUAL);
    // After a pause, a reader should not see what is old as if it were new.
    document.addEventListener("visibilitychange", look);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, [gone]);
}
