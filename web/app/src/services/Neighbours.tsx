/** Those whom a service talks to, at one side. */
import type { Neighbour } from "../api/services";
import { count, exact, percent } from "../format/number";
import { Service } from "../parts/Service";
import { link } from "../state/address";

interface Props {
  title: string;
  neighbours: Neighbour[];
  nobody: string;
  kept: Record<string, string | null>;
}

export function Neighbours({ title, neighbours, nobody, kept }: Props) {
  return (
    <section>
      <h3 class="services-title">{title}</h3>
      {neighbours.length === 0 && <p class="quiet-text">{nobody}</p>}
      <ul class="services-list">
        {neighbours.map((each) => (
          <li key={each.name} class="row">
            <span class="spread cut">
              <a class="services-name" href={link(`services/${encodeURIComponent(each.name)}`, kept)}>
                <Service name={each.name} />
              </a>
            </span>
            <span class="number" title={exact(each.calls)}>
              {count(each.calls)} {each.calls === 1 ? "call" : "calls"}
            </span>
            <span class={each.errors ? "number level-error" : "number quiet-text"}>
              {each.errors ? `✕ ${percent(each.errors / each.calls)}` : "no errors"}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
