/** Two kinds of things against each other: the fuller the colour, the greater the number. It is a table, and read as one. */
import { useMemo } from "preact/hooks";
import type { ChartSpec } from "./guess";
import { amount, label } from "./pivot";
import type { Result } from "./result";
import { share } from "./scale";
import type { Format } from "./units";

interface Props {
  result: Result;
  spec: ChartSpec;
  format: Format;
  name: (x: string) => string;
}

const ACROSS = 60;
const DOWN = 60;
/** Percent of the colour: letters have to be read on it. */
const FULLEST = 50;

export function HeatChart({ result, spec, format, name }: Props) {
  const heat = useMemo(() => heatOf(result, spec), [result, spec.x, spec.by, spec.y[0]]);
  return (
    <div class="heat">
      <table>
        <caption class="unseen">
          {spec.y[0]} by {spec.by} and {spec.x}
        </caption>
        <thead>
          <tr>
            <td />
            {heat.across.map((x) => (
              <th key={x} scope="col" title={name(x)}>
                <span class="cut">{name(x)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {heat.down.map((y, row) => (
            <tr key={y}>
              <th scope="row" class="cut" title={y}>
                <bdi>{y}</bdi>
              </th>
              {heat.across.map((x, column) => {
                const value = heat.values[row]?.[column] ?? null;
                const part = share(value ?? 0, heat.top, spec.log);
                return (
                  <td
                    key={x}
                    class="number"
                    title={value === null ? `${y} · ${name(x)}: nothing` : `${y} · ${name(x)}: ${value}`}
                    style={{
                      background: `color-mix(in oklab, var(--hue-0) ${Math.round(part * FULLEST)}%, var(--paper))`,
                    }}
                  >
                    {value === null ? "" : format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {heat.cut && (
        <p class="quiet-text small">
          Only the first {DOWN} rows and {ACROSS} columns are drawn; the table has all.
        </p>
      )}
    </div>
  );
}

interface Heat {
  across: string[];
  down: string[];
  values: (number | null)[][];
  top: number;
  cut: boolean;
}

export function heatOf(result: Result, spec: ChartSpec): Heat {
  const at = (name: string) => result.columns.findIndex((column) => column.name === name);
  const [x, by, y] = [at(spec.x), at(spec.by), at(spec.y[0] ?? "")];
  const sums = new Map<string, Map<string, number>>();
  const xs = new Set<string>();
  for (const row of result.rows) {
    const value = amount(row[y] ?? null);
    if (value === null) continue;
    const across = x < 0 ? "" : label(row[x] ?? null);
    const line = by < 0 ? (spec.y[0] ?? "") : label(row[by] ?? null);
    xs.add(across);
    const cells = sums.get(line) ?? new Map<string, number>();
    cells.set(across, (cells.get(across) ?? 0) + value);
    sums.set(line, cells);
  }
  const order = new Intl.Collator("en", { numeric: true });
  const across = [...xs].sort(order.compare);
  const down = [...sums.keys()];
  const values = down
    .slice(0, DOWN)
    .map((line) => across.slice(0, ACROSS).map((name) => sums.get(line)?.get(name) ?? null));
  return {
    across: across.slice(0, ACROSS),
    down: down.slice(0, DOWN),
    values,
    top: values.flat().reduce<number>((most, value) => Math.max(most, value ?? 0), 0),
    cut: across.length > ACROSS || down.length > DOWN,
  };
}
