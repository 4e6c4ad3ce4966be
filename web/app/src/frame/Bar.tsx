/** The bar: the project, the search box or the page's name, what the page adds, the time range, and the reader's own menu. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { ProjectMenu } from "./ProjectMenu";
import type { Page } from "./pages";
import { RangeMenu } from "./RangeMenu";
import { ReaderMenu } from "./ReaderMenu";
import { SearchBox } from "./SearchBox";
import "./bar.css";

/** What the present page adds to the bar: set by `useBar`. */
const added = signal<ComponentChildren>(null);

/** A page's own buttons in the bar, as long as it is shown. */
export function useBar(children: ComponentChildren): void {
  useLayoutEffect(() => {
    added.value = children;
  });
  useLayoutEffect(
    () => () => {
      added.value = null;
    },
    [],
  );
}

export function Bar({ page }: { page: Page | undefined }) {
  return (
    <header class={page?.search ? "bar with-search" : "bar"}>
      <ProjectMenu />
      {page?.search ? <SearchBox /> : <h1 class="bar-title spread cut">{page?.words ?? "Nothing here"}</h1>}
      <div class="bar-end row">
        {added.value}
        {page?.range && <RangeMenu />}
        <ReaderMenu />
      </div>
    </header>
  );
}
