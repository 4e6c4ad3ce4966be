/** One number, large, with its name. */
import { exact } from "../format/number";
import { amount } from "./pivot";
import type { Result } from "./result";
import type { Format } from "./units";

export function SingleValue({ result, name, format }: { result: Result; name: string; format: Format }) {
  const at = result.columns.findIndex((column) => column.name === name);
  const value = amount(result.rows[0]?.[at] ?? null);
  return (
    <div class="single">
      <p class="single-value number" title={value === null ? "NULL" : exact(value)}>
        {value === null ? "NULL" : format(value)}
      </p>
      <p class="second-text">{name}</p>
      {result.rows.length > 1 && <p class="quiet-text small">The first of {exact(result.rows.length)} rows.</p>}
    </div>
  );
}
