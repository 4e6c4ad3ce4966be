/** One cell of the result, or one row, as large as it needs to be. */
import type { Json } from "../api/types";
import { exact } from "../format/number";
import { Copy } from "../parts/Copy";
import { Drawer } from "../parts/Drawer";
import { JsonTree } from "../parts/JsonTree";
import { json, plain, title } from "./cells";
import type { Opened } from "./ResultGrid";
import type { Cell, Result } from "./result";

export function CellDrawer({ result, opened, close }: { result: Result; opened: Opened; close: () => void }) {
  const row = result.rows[opened.row] ?? [];
  const column = opened.column === undefined ? undefined : result.columns[opened.column];
  const cell: Cell =
    opened.column === undefined
      ? Object.fromEntries(result.columns.map((each, index) => [each.name, jsonOf(row[index] ?? null)]))
      : (row[opened.column] ?? null);
  const deep = typeof cell === "object" && cell !== null;
  return (
    <Drawer title="Details of the cell" close={close}>
      <div class="side-head row">
        <h2 class="cut">{column ? column.name : `Row ${exact(opened.row + 1)}`}</h2>
        {column && <span class="quiet-text small">{column.type}</span>}
        <Copy text={() => (deep ? JSON.stringify(cell, null, 2) : plain(cell))} />
      </div>
      <div class="side-body">
        {deep ? (
          <JsonTree
            value={cell}
            actions={(_, value) => <Copy text={() => (typeof value === "string" ? value : json(value))} />}
          />
        ) : cell === "" ? (
          <p class="quiet-text">An empty text</p>
        ) : (
          <>
            <pre class="cell-text" dir="auto">
              {cell === null ? "NULL" : plain(cell)}
            </pre>
            {column?.sort === "time" && cell !== null && (
              <p class="second-text small">{title(cell, column).split("\n")[0]}</p>
            )}
          </>
        )}
      </div>
    </Drawer>
  );
}

function jsonOf(cell: Cell): Json {
  return typeof cell === "bigint" ? String(cell) : cell;
}
