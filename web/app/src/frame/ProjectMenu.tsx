/** The project that the pages show, and the others that the reader may look at. */
import { project } from "../api/client";
import { chooseProject, me } from "../api/me";
import { Menu } from "../parts/Menu";
import { link } from "../state/address";

export function ProjectMenu() {
  const projects = me.value?.projects ?? [];
  // Nothing to choose from, and nobody known yet.
  if (!me.value) return <span class="project-name second-text cut">{project.value}</span>;
  return (
    <Menu
      class="button quiet project-name"
      label={
        <>
          <span class="unseen">Project </span>
          <bdi class="cut">{project.value || "project"}</bdi> <span aria-hidden="true">▾</span>
        </>
      }
    >
      {(close) => (
        <>
          {projects.map((each) => (
            <button
              key={each.name}
              type="button"
              class="menu-item"
              aria-current={each.name === project.value}
              onClick={() => {
                close();
                chooseProject(each.name);
              }}
            >
              {each.name}
            </button>
          ))}
          <hr class="menu-rule" />
          {me.value?.operator && (
            <a class="menu-item second-text" href={link("settings/projects")} onClick={close}>
              Manage projects
            </a>
          )}
          {!me.value?.tokenless && (
            <a class="menu-item second-text" href={link("sign-in", { project: null })} onClick={close}>
              Open another with its token
            </a>
          )}
        </>
      )}
    </Menu>
  );
}
