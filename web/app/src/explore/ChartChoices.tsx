/** The row of choices of a chart: its kind, x, y, what makes the series, stacked, logarithmic. All of it is in the address. */
import { set } from "../state/address";
import { CHART_TYPES, type ChartSpec, type ChartType, written } from "./guess";
import type { Result } from "./result";

export function ChartChoices({ spec, result }: { spec: ChartSpec; result: Result }) {
  const change = (part: Partial<ChartSpec>) => set({ chart: written({ ...spec, ...part }) }, { replace: true });
  const names = result.columns.map((column) => column.name);
  const numbers = result.columns.filter((column) => column.sort === "number").map((column) => column.name);
  const several = spec.type !== "pie" && spec.type !== "heat" && spec.type !== "single";
  return (
    <div class="choices row small" role="group" aria-label="Chart">
      <Choice
        words="Chart"
        chosen={spec.type}
        options={CHART_TYPES}
        choose={(type) => change({ type: type as ChartType })}
      />
      {spec.type !== "single" && (
        <Choice words="x" chosen={spec.x} options={listed(names)} choose={(x) => change({ x })} />
      )}
      <Choice
        words="y"
        chosen={spec.y[0] ?? ""}
        options={listed(numbers)}
        choose={(y) => change({ y: [y, ...spec.y.slice(1).filter((each) => each !== y)] })}
      />
      {several && numbers.length > 1 && (
        <Choice
          words="and"
          chosen={spec.y.length > 1 ? "…" : ""}
          options={[
            { id: "", words: spec.y.length > 1 ? "none more" : "nothing more" },
            ...(spec.y.length > 1 ? [{ id: "…", words: spec.y.slice(1).join(", ") }] : []),
            ...listed(numbers.filter((name) => !spec.y.includes(name))).map((each) => ({
              ...each,
              words: `+ ${each.words}`,
            })),
          ]}
          choose={(name) => change({ y: name === "" ? spec.y.slice(0, 1) : name === "…" ? spec.y : [...spec.y, name] })}
        />
      )}
      {spec.type !== "single" && spec.type !== "pie" && (
        <Choice
          words={spec.type === "heat" ? "rows" : "series"}
          chosen={spec.by}
          options={[
            { id: "", words: "none" },
            ...listed(names.filter((name) => name !== spec.x && !spec.y.includes(name))),
          ]}
          choose={(by) => change({ by })}
        />
      )}
      {several && spec.type !== "line" && (
        <Switch
          words="Stacked"
          on={spec.stacked}
          turn={(stacked) => change({ stacked, log: stacked ? false : spec.log })}
        />
      )}
      {spec.type !== "single" && spec.type !== "pie" && (
        <Switch words="Log scale" on={spec.log} turn={(log) => change({ log, stacked: log ? false : spec.stacked })} />
      )}
    </div>
  );
}

interface Option {
  id: string;
  words: string;
}

function listed(names: string[]): Option[] {
  return names.map((name) => ({ id: name, words: name }));
}

function Choice({
  words,
  chosen,
  options,
  choose,
}: {
  words: string;
  chosen: string;
  options: Option[];
  choose: (id: string) => void;
}) {
  return (
    <label class="choice">
      <span class="quiet-text">{words}</span>
      <select class="field" value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.id} value={option.id} selected={option.id === chosen}>
            {option.words}
          </option>
        ))}
      </select>
    </label>
  );
}

function Switch({ words, on, turn }: { words: string; on: boolean; turn: (on: boolean) => void }) {
  return (
    <label class="choice">
      <input type="checkbox" checked={on} onChange={(event) => turn(event.currentTarget.checked)} />
      {words}
    </label>
  );
}
