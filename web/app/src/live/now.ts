/** The present moment as a signal, a few times a second, as long as something on the page counts with it. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export const now = signal(Date.now());

const BEAT = 250;
let watchers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export function useNow(): number {
  useEffect(() => {
    watchers += 1;
    timer ??= setInterval(() => {
      if (!document.hidden) now.value = Date.now();
    }, BEAT);
    return () => {
      watchers -= 1;
      if (watchers > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return now.value;
}
