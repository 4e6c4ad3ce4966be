/** A row of choices of which one is shown. Arrow keys move between them. */

interface Props {
  label: string;
  tabs: { id: string; words: string }[];
  chosen: string;
  choose: (id: string) => void;
}

import "./tabs.css";

export function Tabs({ label, tabs, chosen, choose }: Props) {
  function keyed(event: KeyboardEvent) {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (next) choose(next.id);
    const buttons = (event.currentTarget as HTMLElement).querySelectorAll("button");
    buttons[(at + step + tabs.length) % tabs.length]?.focus();
  }
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={keyed}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          class="tab"
          aria-selected={tab.id === chosen}
          tabIndex={tab.id === chosen ? 0 : -1}
          onClick={() => choose(tab.id)}
        >
          {tab.words}
        </button>
      ))}
    </div>
  );
}
