/** The colours of the theme for canvases, which know neither custom properties nor light-dark(). Reading one follows the theme. */
import { computed, signal } from "@preact/signals";
import { hue } from "../format/hue";
import { preferences } from "../state/preferences";

const dark = typeof matchMedia === "undefined" ? undefined : matchMedia("(prefers-color-scheme: dark)");
const system = signal(dark?.matches ?? false);
dark?.addEventListener("change", (event) => {
  system.value = event.matches;
});

/** The colours found so far; anew with every theme. */
const found = computed<Map<string, string>>(() => {
  void preferences.value.theme;
  void system.value;
  return new Map();
});

/** The colour of a custom property: `--ink-3`. */
export function ink(token: string): string {
  const known = found.value.get(token);
  if (known) return known;
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  found.value.set(token, color);
  return color;
}

export function serviceInk(service: string): string {
  return ink(hue(service).slice(4, -1));
}

/** Sizes a canvas to its place and the screen's pixels, and empties it. */
export function cleared(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d");
  context?.scale(ratio, ratio);
  return context;
}
