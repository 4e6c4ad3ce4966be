/** What there is among the records found: the commonest values of a few fields, each a click away from being all that is shown, or left out. */
import type { Facet } from "../api/types";
import { hue } from "../format/hue";
import { count, exact } from "../format/number";
import { Menu } from "../parts/Menu";
import { hasTerm, term, withoutTerm, withTerm } from "../search/terms";
import { param, set } from "../state/address";
import "./facets.css";

/** What people call them, and how the search language does. */
const NAMES: Record<string, { words: string; key: string }> = {
  level: { words: "Level", key: "level" },
  service_name: { words: "Service", key: "service" },
  deployment_environment: { words: "Environment", key: "env" },
  otel_scope_name: { words: "Scope", key: "scope" },
  tags: { words: "Tag", key: "tag" },
};
const FEW = 4;

export function Facets({ facets, waiting }: { facets: Facet[] | undefined; waiting: boolean }) {
  // Its height stays when there is nothing, so that the list does not jump.
  return (
    <div class={waiting ? "facets waiting" : "facets"} role="group" aria-label="Narrow the search">
      {facets
        ?.filter((facet) => facet.values.length > 0)
        .map((facet) => (
          <One key={facet.field} facet={facet} />
        ))}
    </div>
  );
}

function One({ facet }: { facet: Facet }) {
  const words = NAMES[facet.field]?.words ?? facet.field;
  // One value in a menu takes no less room than in sight.
  const few = facet.values.length <= FEW + 1 && !facet.more ? facet.values : facet.values.slice(0, FEW);
  const rest = facet.values.slice(few.length);
  return (
    <div class="facet" role="group" aria-label={words}>
      <span class="facet-name quiet-text">{words}</span>
      {few.map((each) => (
        <Value key={each.value} field={facet.field} value={each.value} n={each.count} />
      ))}
      {rest.length > 0 && (
        <Menu
          class="facet-value quiet-text"
          label={`${rest.length}${facet.more ? "+" : ""} more`}
          name={`${rest.length}${facet.more ? "+" : ""} more values of ${words}`}
        >
          {() => rest.map((each) => <Value key={each.value} field={facet.field} value={each.value} n={each.count} />)}
        </Menu>
      )}
    </div>
  );
}

function Value({ field, value, n }: { field: string; value: string; n: number }) {
  const { words, key } = NAMES[field] ?? { words: field, key: field };
  const mine = term(key, field, value);
  const q = param("q");
  const on = hasTerm(q, mine, false);
  function toggle(out: boolean) {
    const there = hasTerm(q, mine, out);
    set({ q: (there ? withoutTerm(q, mine, out) : withTerm(q, mine, out)) || null });
  }
  const color = field === "level" ? `var(--fill-${value})` : field === "service_name" ? hue(value) : undefined;
  return (
    <span class={on ? "facet-pair on" : "facet-pair"}>
      <button
        type="button"
        class="facet-value"
        aria-pressed={on}
        title={`${words} ${value}: ${exact(n)} records. Click shows only these, with Alt all others.`}
        onClick={(event) => toggle(event.altKey)}
      >
        {color && <span class="facet-mark" style={{ background: color }} aria-hidden="true" />}
        <span class="cut">{value}</span>
        <span class="quiet-text">{count(n)}</span>
      </button>
      <button
        type="button"
        class="facet-out"
        aria-label={`Leave out ${words} ${value}`}
        title="Leave these out"
        onClick={() => toggle(true)}
      >
        −
      </button>
    </span>
  );
}
