/** The address of the page is its state: what is shown can be copied, sent, bookmarked and gone back to. */
import { computed, signal } from "@preact/signals";
import { root } from "./root";

export type Params = Record<string, string | null | undefined>;

interface Address {
  /** Without the prefix and without a slash at either end: "", "trace/abc". */
  path: string;
  params: URLSearchParams;
}

function read(): Address {
  const path = decodeURI(location.pathname.slice(root.pathname.length)).replace(/\/+$/, "");
  return { path, params: new URLSearchParams(location.search) };
}

export const address = signal<Address>(read());
export const path = computed(() => address.value.path);
/** One parameter; empty where there is none. */
export const param = (name: string): string => address.value.params.get(name) ?? "";

/** The project that the address names; empty is the server's choice. */
export const projectNamed = computed(() => address.value.params.get("project") ?? "");

/** The link to a page, of the same project unless `params` names one. `path` is without a slash in front. */
export function link(path: string, params: Params = {}): string {
  const url = new URL(path || ".", root);
  if (projectNamed.value && !("project" in params)) url.searchParams.set("project", projectNamed.value);
  for (const [name, value] of Object.entries(params)) if (value) url.searchParams.set(name, value);
  return url.href;
}

/** The link to this page with some parameters changed; null takes one away. */
export function linkWith(params: Params): string {
  return link(address.value.path, { ...Object.fromEntries(address.value.params), ...params });
}

export function go(href: string, { replace = false } = {}): void {
  if (href === location.href) return;
  history[replace ? "replaceState" : "pushState"](null, "", href);
  address.value = read();
}

/** Change parameters of this page. Small steps (a word typed, a row selected) replace; others can be gone back from. */
export function set(params: Params, { replace = false } = {}): void {
  go(linkWith(params), { replace });
}

addEventListener("popstate", () => {
  address.value = read();
});

// Links within the pages need no new load. Whoever wants a new tab gets one.
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const anchor = event.target instanceof Element ? event.target.closest("a") : null;
  if (!anchor || anchor.target || anchor.hasAttribute("download") || !anchor.href.startsWith(root.href)) return;
  event.preventDefault();
  go(anchor.href);
});
