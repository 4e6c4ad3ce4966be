/** The tables that SQL may name, from the server, once a project; and what attributes and values there are, as they are typed. */
import { signal } from "@preact/signals";
import { ask, endpoint, project } from "../api/client";
import type { KeyHint, ValueHint } from "../api/types";
import { bounds, range } from "../state/range";

export interface TableColumn {
  name: string;
  type: string;
  description: string;
}

export interface Table {
  name: string;
  description: string;
  dialect: "logfire" | "clickhouse";
  columns: TableColumn[];
}

interface OldSchemas {
  tables: {
    name: string;
    description: string;
    schema: { [column: string]: { data_type: string; description?: string | null } };
  }[];
}

export const schema = signal<Table[] | undefined>(undefined);
export const schemaFailed = signal(false);
let of: string | undefined;

export async function loadSchema(): Promise<void> {
  if (of === project.value && schema.value) return;
  of = project.value;
  schemaFailed.value = false;
  try {
    schema.value = (await ask<{ tables: Table[] }>(endpoint("pages/api/schema"))).tables;
  } catch {
    try {
      schema.value = fromOld(await ask<OldSchemas>(endpoint("v1/schemas")));
    } catch {
      schemaFailed.value = true;
    }
  }
}

export function fromOld(old: OldSchemas): Table[] {
  return old.tables.map((table) => ({
    name: table.name,
    description: table.description,
    dialect: "logfire",
    columns: Object.entries(table.schema).map(([name, column]) => ({
      name,
      type: column.data_type,
      description: column.description ?? "",
    })),
  }));
}

/** Names of attributes that begin so; none where the server does not tell. */
export async function keys(prefix: string, kind: KeyHint["kind"]): Promise<KeyHint[]> {
  try {
    const { keys: all } = await ask<{ keys: KeyHint[] }>(
      endpoint("pages/api/keys", { prefix, ...bounds(range.value) }),
    );
    return all.filter((each) => each.kind === kind);
  } catch {
    return [];
  }
}

export async function values(key: string, prefix: string): Promise<ValueHint[]> {
  try {
    const query = { key, prefix, ...bounds(range.value) };
    return (await ask<{ values: ValueHint[] }>(endpoint("pages/api/values", query))).values;
  } catch {
    return [];
  }
}
