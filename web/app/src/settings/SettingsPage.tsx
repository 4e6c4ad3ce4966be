/** Settings: what an administrator looks after. One section at a time, each at an address of its own. */
import type { ComponentType } from "preact";
import { project } from "../api/client";
import { mayManage, me } from "../api/me";
import { useTitle } from "../frame/useTitle";
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
  useTitle(section?.words, "Settings");
  if (!section) return null;
  // Projects explains by itself who may do what.
  const open = mayManage() || section.id === "projects";
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
        <div class="settings-content">
          {open ? <section.Content key={`${section.id} ${project.value}`} /> : <ReadOnly />}
        </div>
      </section>
    </div>
  );
}

/** What a reader sees in place of what is not theirs to change. */
function ReadOnly() {
  const scope = me.value?.projects.find((each) => each.name === project.value)?.scope;
  return (
    <>
      <p class="settings-words">
        Your token of the project {project.value} has the scope {scope ?? "read"}: it may look and query. Settings need
        a token with the scope admin.
      </p>
      <p>
        <a class="button" href={link("sign-in", { project: null })}>
          Sign in with another token
        </a>
      </p>
    </>
  );
}
