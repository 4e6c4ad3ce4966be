/** A JSON value as a tree: types by colour, objects folded when they are large, and on every key what one may want to do with it. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Json } from "../api/types";
import "./json.css";

interface Props {
  value: Json;
  /** Shown at the right of a leaf or an object: copy, filter for, filter out … */
  actions?: ((path: string[], value: Json) => ComponentChildren) | undefined;
}

const LONG = 300;
/** Longer texts are left as they are: reading them at each look would be felt. */
const PACKED = 50_000;

export function JsonTree({ value, actions }: Props) {
  if (value === null || typeof value !== "object") return <Leaf value={value} />;
  return (
    <ul class="json">
      {Object.entries(value).map(([key, each]) => (
        <Branch key={key} name={key} value={each} path={[key]} actions={actions} />
      ))}
    </ul>
  );
}

/** Text that holds JSON is shown as what it holds. */
function unpacked(value: Json): Json {
  if (typeof value !== "string" || value.length > PACKED || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

function Branch({ name, value: given, path, actions }: Props & { name: string; path: string[] }) {
  const value = unpacked(given);
  const deep = value !== null && typeof value === "object";
  const size = deep ? Object.keys(value).length : 0;
  const [open, setOpen] = useState(size <= 12 && path.length < 4);
  return (
    <li class="json-item">
      <div class="json-line">
        {deep ? (
          <button type="button" class="json-fold" aria-expanded={open} onClick={() => setOpen(!open)}>
            <span aria-hidden="true">{open ? "▾" : "▸"}</span> <span class="json-key">{name}</span>{" "}
            <span class="quiet-text">{Array.isArray(value) ? `[${size}]` : `{${size}}`}</span>
          </button>
        ) : (
          <>
            <span class="json-key">{name}</span>
            <Leaf value={value} />
          </>
        )}
        {actions && <span class="json-actions">{actions(path, given)}</span>}
      </div>
      {deep && open && (
        <ul class="json">
          {Object.entries(value).map(([key, each]) => (
            <Branch key={key} name={key} value={each} path={[...path, key]} actions={actions} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Leaf({ value }: { value: Json }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== "string") {
    return <span class={typeof value === "number" ? "json-number" : "json-word"}>{String(value)}</span>;
  }
  const long = value.length > LONG && !whole;
  return (
    <span class="json-text" dir="auto">
      {long ? `${value.slice(0, LONG)}… ` : value}
      {long && (
        <button type="button" class="link small" onClick={() => setWhole(true)}>
          Show all {value.length.toLocaleString("en-US")} characters
        </button>
      )}
    </span>
  );
}
