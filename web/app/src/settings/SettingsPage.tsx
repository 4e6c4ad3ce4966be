/** Settings: what an administrator looks after. One section at a time, each at an address of its own. */
import type { ComponentType } from "preact";
import { link, path } from "../state/address";
import { Health } from "./Health";
import { Projects } from "./Projects";
import { Quarantine } from "./Quarantine";
import { Retention } from "./Retention";
import { Storage } from "./Storage";
import { Tokens } from "./Tokens";
import "./settings.css";

const SECTIONS: { id: string; words: string; about: string; Content: ComponentType }[] = [
  {
    id: "projects",
    words: "Projects",
    about: "A project keeps telemetry apart: its own database, its own tokens.",
    Content: Projects,
  },
  { id: "tokens", words: "Tokens", about: "Who may send to this project, read it, or look after it.", Content: Tokens },
  {
    id: "retention",
    words: "Retention",
    about: "How long this project’s telemetry is kept, counted from its receipt.",
    Content: Retention,
  },
  { id: "storage", words: "Storage", about: "What lies on disk, table by table.", Content: Storage },
  { id: "health", words: "Ingest", about: "What arrives, what waits, and what was refused.", Content: Health },
  {
    id: "quarantine",
    words: "Quarantine",
    about: "Requests that the store refused, kept until somebody looks.",
    Content: Quarantine,
  },
];

export function SettingsPage() {
  const wanted = path.value.split("/")[1] ?? "";
  const section = SECTIONS.find((each) => each.id === wanted) ?? SECTIONS[0];
  if (!section) return null;
  return (
    <div class="settings">
      <nav class="settings-nav" aria-label="Settings">
        {SECTIONS.map((each) => (
          <a
            key={each.id}
            class="menu-item"
            href={link(`settings/${each.id}`)}
            aria-current={each === section ? "page" : undefined}
          >
            {each.words}
          </a>
        ))}
      </nav>
      <section class="settings-section" aria-labelledby="settings-title">
        <h2 id="settings-title">{section.words}</h2>
        <p class="second-text settings-about">{section.about}</p>
        <section.Content key={section.id} />
      </section>
    </div>
  );
}
