/** What one may do with an attribute: search for it, leave it out, show it as a column, copy it. */
import type { Json } from "../api/types";
import { Copy } from "../parts/Copy";
import { term } from "../search/terms";
import type { Filter } from "./RecordDetails";

interface Props {
  /** `resource.` for those of the resource. */
  prefix: string;
  path: string[];
  value: Json;
  onFilter?: ((filter: Filter) => void) | undefined;
  onColumn?: ((column: string) => void) | undefined;
}

export function LeafActions({ prefix, path, value, onFilter, onColumn }: Props) {
  // Deeper values have no name in the search language.
  const name = path.length === 1 ? `${prefix}${path[0]}` : undefined;
  const place = prefix ? "otel_resource_attributes" : "attributes";
  const mine = () => term(name ?? "", `${place}->>'${(path[0] ?? "").replaceAll("'", "''")}'`, value);
  const simple = value !== null && typeof value !== "object" && String(value).length <= 400;
  const copied = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <>
      {onFilter && name && simple && (
        <>
          <button
            type="button"
            class="button small quiet"
            aria-label={`Show only ${name} ${value}`}
            title="Show only these"
            onClick={() => onFilter({ term: mine(), out: false })}
          >
            =
          </button>
          <button
            type="button"
            class="button small quiet"
            aria-label={`Leave out ${name} ${value}`}
            title="Leave these out"
            onClick={() => onFilter({ term: mine(), out: true })}
          >
            ≠
          </button>
        </>
      )}
      {onColumn && name && (
        <button
          type="button"
          class="button small quiet"
          aria-label={`Show ${name} as a column`}
          title="Show as a column"
          onClick={() => onColumn(prefix ? name : `attributes.${name}`)}
        >
          +
        </button>
      )}
      <Copy text={copied} words="Copy" />
    </>
  );
}
