/** The menu in which a reader chooses further columns of the list: any attribute that the newest records have. */
import { useState } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { KeyHint } from "../api/types";
import { useAnswer } from "../api/useAnswer";
import { useKeys } from "../frame/keys";
import { Menu } from "../parts/Menu";
import { set } from "../state/address";
import { columnWords, withColumn, withoutColumn } from "./columns";
import "./columns.css";

/** Columns of records_all that a line does not show by itself. */
const OWN = ["http_route", "http_method", "url_path", "exception_message", "otel_scope_name", "deployment_environment"];
const OTHERS = ["service_version", "kind", "trace_id", "tags"];
const SHOWN = 12;

export function Columns({ columns }: { columns: string[] }) {
  const [opened, setOpened] = useState(0);
  useKeys("Live", [{ keys: "x", words: "Choose columns", act: () => setOpened((n) => n + 1) }]);
  return (
    <Menu class="link small" side="right" opened={opened} label="Columns" name="Choose columns">
      {() => <Choices columns={columns} />}
    </Menu>
  );
}

function Choices({ columns }: { columns: string[] }) {
  const [text, setText] = useState("");
  const { data } = useAnswer(`columns ${project.value} ${text}`, (abort) =>
    ask<{ keys: KeyHint[] }>(endpoint("pages/api/keys", { prefix: text }), { abort }),
  );
  const low = text.toLowerCase();
  const attributes = (data?.keys ?? []).filter((key) => key.kind !== "column").map(placed);
  const names = [...attributes, ...[...OWN, ...OTHERS].filter((name) => name.includes(low))];
  const offered = [...new Set(names)].filter((name) => !columns.includes(name)).slice(0, SHOWN);
  return (
    <div class="columns">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (offered[0]) set({ cols: withColumn(columns, offered[0]) });
          setText("");
        }}
      >
        <input
          class="field columns-find"
          placeholder="Find an attribute"
          aria-label="Find an attribute"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </form>
      {columns.map((name) => (
        <button key={name} type="button" class="menu-item" onClick={() => set({ cols: withoutColumn(columns, name) })}>
          <span class="spread cut mono">{columnWords(name)}</span>
          <span aria-hidden="true">✕</span>
          <span class="unseen">take away</span>
        </button>
      ))}
      {columns.length > 0 && <hr class="menu-rule" />}
      {offered.map((name) => (
        <button key={name} type="button" class="menu-item" onClick={() => set({ cols: withColumn(columns, name) })}>
          <span class="spread cut mono">{columnWords(name)}</span>
          <span aria-hidden="true" class="quiet-text">
            +
          </span>
        </button>
      ))}
      {data && !offered.length && <p class="menu-note quiet-text small">No attribute is called so.</p>}
    </div>
  );
}

/** With its place, as the server wants it. */
function placed(key: KeyHint): string {
  if (key.kind === "resource") return key.name.startsWith("resource.") ? key.name : `resource.${key.name}`;
  return `attributes.${key.name}`;
}
