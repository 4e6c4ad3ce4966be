/** Projects: what there is, how much it holds, a new one, an end for one. */
import { useState } from "preact/hooks";
import { ask, endpoint, problemFrom, project } from "../api/client";
import type { Project } from "../api/manage";
import { chooseProject, loadMe, me } from "../api/me";
import type { Problem } from "../api/types";
import { useAnswer } from "../api/useAnswer";
import { ago, exactMoment } from "../format/moment";
import { bytes, count, exact } from "../format/number";
import { Heads } from "../parts/Heads";
import { Failed, Loading, Stale } from "../parts/Panel";
import { Scroll } from "../parts/Scroll";
import { set } from "../state/address";
import { Confirm } from "./Confirm";

const RULE = "Up to 41 of a–z, 0–9, - and _, starting with a letter.";

export function Projects() {
  const operator = me.value?.operator ?? false;
  const { data, problem, again } = useAnswer(operator ? `projects ${project.value}` : null, (abort) =>
    ask<{ projects: Project[] }>(endpoint("pages/api/projects"), { abort }),
  );
  const [doomed, setDoomed] = useState<Project | undefined>(undefined);
  if (!operator) {
    return (
      <p class="settings-words">
        You see {me.value?.projects.map((each) => each.name).join(", ")}. Making and deleting projects needs an admin
        token of the project that the server calls its own.
      </p>
    );
  }
  async function changed() {
    await loadMe();
    again();
  }
  async function remove(name: string) {
    await ask(endpoint(`pages/api/projects/${encodeURIComponent(name)}`), { method: "DELETE" });
    // Nobody is left looking at what is gone.
    if (name === project.value) set({ project: null }, { replace: true });
    await changed();
  }
  if (problem && !data) return <Failed problem={problem} again={again} />;
  if (!data) return <Loading />;
  return (
    <>
      {problem && <Stale problem={problem} again={again} />}
      <NewProject made={changed} />
      <Scroll label="Projects">
        <table class="plain settings-table">
          <Heads
            columns={["Name", "Database", "Made", { number: "Rows" }, { number: "On disk" }, { unseen: "Actions" }]}
          />
          <tbody>
            {data.projects.map((each) => (
              <tr key={each.name}>
                <td>
                  {each.name === project.value ? (
                    <b>
                      {each.name}
                      <span class="second-text settings-here"> shown</span>
                    </b>
                  ) : (
                    <button
                      type="button"
                      class="link"
                      title="Show this project"
                      onClick={() => chooseProject(each.name)}
                    >
                      {each.name}
                    </button>
                  )}
                </td>
                <td class="mono second-text">{each.database}</td>
                <td title={exactMoment(each.created_at)}>{ago(each.created_at)}</td>
                <td class="number" title={exact(each.rows)}>
                  {count(each.rows)}
                </td>
                <td class="number" title={`${exact(each.bytes)} bytes`}>
                  {bytes(each.bytes)}
                </td>
                <td class="settings-end">
                  {!each.default && (
                    <button type="button" class="button small danger" onClick={() => setDoomed(each)}>
                      Delete
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {doomed && (
        <Confirm
          title={`Delete the project ${doomed.name}`}
          words={`Its ${exact(doomed.rows)} rows (${bytes(doomed.bytes)}) are dropped for good and its tokens stop working.`}
          verb="Delete the project"
          name={doomed.name}
          act={() => remove(doomed.name)}
          close={() => setDoomed(undefined)}
        />
      )}
    </>
  );
}

function NewProject({ made }: { made: () => Promise<void> }) {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  async function submit(event: Event) {
    event.preventDefault();
    try {
      await ask(endpoint("pages/api/projects"), { body: { name: name.trim() } });
      setName("");
      setProblem(undefined);
      await made();
    } catch (error) {
      setProblem(problemFrom(error));
    }
  }
  return (
    <form class="settings-form" onSubmit={submit}>
      <label class="labelled">
        Name of a new project
        <input
          class="field"
          value={name}
          maxLength={41}
          autocapitalize="off"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={problem !== undefined}
          aria-describedby="project-rule"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button" disabled={!name.trim()}>
        Make a project
      </button>
      <p
        id="project-rule"
        class={problem ? "level-error settings-below" : "second-text small settings-below"}
        aria-live="polite"
      >
        {problem ? problem.detail : RULE}
      </p>
    </form>
  );
}
