/** What happened before an error, the oldest first, as one would tell it. */
import { clock, exactMoment } from "../format/moment";
import type { Breadcrumb } from "./breadcrumbs";

export function Breadcrumbs({ crumbs }: { crumbs: Breadcrumb[] }) {
  return (
    <section class="record-section">
      <h3>What happened before</h3>
      <ol class="crumbs">
        {crumbs.map((crumb, index) => (
          <li key={`${index} ${crumb.time}`} class="crumb small">
            <time class="mono second-text" title={exactMoment(crumb.time)}>
              {clock(crumb.time)}
            </time>
            <span class="quiet-text">{crumb.category}</span>
            <span class="crumb-words" dir="auto">
              {crumb.message}
              {Object.entries(crumb.data).map(([key, value]) => (
                <span key={key} class="quiet-text mono">
                  {" "}
                  {key}={typeof value === "string" ? value : JSON.stringify(value)}
                </span>
              ))}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
