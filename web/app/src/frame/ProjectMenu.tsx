/** The project that the pages show, and the others that the reader may look at. */
import { project } from "../api/client";
import { me } from "../api/me";
import { Menu } from "../parts/Menu";
import { link } from "../state/address";

export function ProjectMenu() {
  const projects = me.value?.projects ?? [];
  if (projects.length < 2 && !me.value?.operator) {
    return <span class="project-name second-text cut">{project.value}</span>;
  }
  return (
    <Menu
      class="button quiet"
      label={
        <>
          <span class="unseen">Project </span>
          {project.value || "project"} <span aria-hidden="true">▾</span>
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
                project.value = each.name;
                close();
              }}
            >
              {each.name}
            </button>
          ))}
          <a class="menu-item second-text" href={link("settings/projects")} onClick={close}>
            Manage projects
          </a>
        </>
      )}
    </Menu>
  );
}
