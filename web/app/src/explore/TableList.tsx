/** The tables and what their columns hold: searched by name and meaning; a click puts the name into the query. */
import { useState } from "preact/hooks";
import { Loading } from "../parts/Panel";
import { schema, schemaFailed, type Table } from "./schema";

export function TableList({ insert }: { insert: (name: string) => void }) {
  const [search, setSearch] = useState("");
  if (schemaFailed.value) return <p class="second-text">The tables could not be fetched. SHOW TABLES lists them.</p>;
  if (!schema.value) return <Loading words="Fetching the tables" />;
  const found = searched(schema.value, search);
  return (
    <div class="tables">
      <input
        class="field gallery-search"
        type="search"
        aria-label="Search tables and columns"
        placeholder="Search tables and columns"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      {!found.length && <p class="quiet-text">No table or column has these words.</p>}
      {found.map((table) => (
        <details key={table.name} open={search !== "" || table.name === "records"}>
          <summary>
            <code>{table.name}</code>{" "}
            <span class="quiet-text small">
              {table.dialect === "clickhouse" ? "ClickHouse · " : ""}
              {table.columns.length} columns
            </span>
          </summary>
          <p class="small second-text">
            {table.description}{" "}
            <button type="button" class="link small" onClick={() => insert(table.name)}>
              Insert the name
            </button>
          </p>
          <ul>
            {table.columns.map((column) => (
              <li key={column.name}>
                <button
                  type="button"
                  class="tables-column"
                  title={`Insert ${column.name}`}
                  onClick={() => insert(column.name)}
                >
                  <code class="cut">{column.name}</code>
                  <span class="quiet-text small cut">{column.type}</span>
                  {column.description && <span class="second-text small tables-words">{column.description}</span>}
                </button>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </div>
  );
}

/** Tables whose name has the words, whole; of others the columns that have them. */
export function searched(tables: Table[], search: string): Table[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  return tables
    .map((table) =>
      has(table.name)
        ? table
        : { ...table, columns: table.columns.filter((column) => has(`${column.name} ${column.description}`)) },
    )
    .filter((table) => table.columns.length > 0);
}
