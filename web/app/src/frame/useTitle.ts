/** What the browser's tab and a screen reader say of the page: `api · Services · Andiron`. */
import { useEffect } from "preact/hooks";

export function useTitle(...words: (string | undefined)[]): void {
  const title = [...words.filter(Boolean), "Andiron"].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
