/** What is wrong with the search of the present page: told by the page that asked, shown by the search box in place. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Problem } from "../api/types";

export const searchProblem = signal<Problem | undefined>(undefined);

/** For the page that asks: its problem belongs to the box as long as the page is there. */
export function useSearchProblem(problem: Problem | undefined): void {
  useEffect(() => {
    searchProblem.value = problem;
    return () => {
      searchProblem.value = undefined;
    };
  }, [problem]);
}
