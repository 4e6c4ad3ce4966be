/** What one reader prefers, kept in the browser. */
import { effect, signal } from "@preact/signals";

export interface Preferences {
  theme: "system" | "light" | "dark";
  zone: "local" | "utc";
  drawer: number;
  /** Width of the names in a trace. */
  names: number;
  history: string[];
}

const KEY = "andiron.preferences";
const DEFAULTS: Preferences = { theme: "system", zone: "local", drawer: 440, names: 420, history: [] };

function read(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}

export const preferences = signal<Preferences>(read());

export function prefer(change: Partial<Preferences>): void {
  preferences.value = { ...preferences.value, ...change };
}

effect(() => {
  const chosen = preferences.value;
  if (chosen.theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen.theme;
  try {
    localStorage.setItem(KEY, JSON.stringify(chosen));
  } catch {
    // Private windows may keep nothing; the page works without.
  }
});
