/** The reader's own choices: theme, local time or UTC, keys, signing out. */
import { me, signOut } from "../api/me";
import { Menu } from "../parts/Menu";
import { type Preferences, prefer, preferences } from "../state/preferences";
import { helpOpen, useKeys } from "./keys";

const THEMES: { id: Preferences["theme"]; words: string }[] = [
  { id: "system", words: "As the system" },
  { id: "light", words: "Light" },
  { id: "dark", words: "Dark" },
];
const ZONES: { id: Preferences["zone"]; words: string }[] = [
  { id: "local", words: "Local time" },
  { id: "utc", words: "UTC" },
];

export function ReaderMenu() {
  const { theme, zone } = preferences.value;
  useKeys("Everywhere", [
    {
      keys: "z",
      words: "Local time or UTC",
      act: () => prefer({ zone: preferences.value.zone === "utc" ? "local" : "utc" }),
    },
  ]);
  return (
    <Menu class="button quiet" side="right" name="Appearance and help" label={<span aria-hidden="true">⋯</span>}>
      {(close) => (
        <>
          {THEMES.map((each) => (
            <button
              key={each.id}
              type="button"
              class="menu-item"
              aria-current={theme === each.id}
              onClick={() => prefer({ theme: each.id })}
            >
              <span class="spread">{each.words}</span>
              {theme === each.id && <span aria-hidden="true">✓</span>}
            </button>
          ))}
          <hr class="menu-rule" />
          {ZONES.map((each) => (
            <button
              key={each.id}
              type="button"
              class="menu-item"
              aria-current={zone === each.id}
              onClick={() => prefer({ zone: each.id })}
            >
              <span class="spread">{each.words}</span>
              {zone === each.id && <span aria-hidden="true">✓</span>}
            </button>
          ))}
          <hr class="menu-rule" />
          <button
            type="button"
            class="menu-item"
            onClick={() => {
              close();
              helpOpen.value = true;
            }}
          >
            <span class="spread">Keys</span>
            <kbd>?</kbd>
          </button>
          {me.value && !me.value.tokenless && (
            <button
              type="button"
              class="menu-item"
              onClick={() => {
                close();
                signOut();
              }}
            >
              Sign out
            </button>
          )}
          <p class="menu-note quiet-text small">Andiron {me.value?.version}</p>
        </>
      )}
    </Menu>
  );
}
