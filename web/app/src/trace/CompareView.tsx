/** This trace beside another one: the operations of both in one tree, and what took longer, is missing or new. */
import { useMemo } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { TraceAnswer } from "../api/traces";
import { useAnswer } from "../api/useAnswer";
import { hue } from "../format/hue";
import { moment } from "../format/moment";
import { Failed, Loading, Nothing } from "../parts/Panel";
import { VirtualRows } from "../parts/VirtualRows";
import { link, linkWith, param, set } from "../state/address";
import { CompareWith } from "./CompareWith";
import { compared, type Pair, type Side, type Verdict } from "./compare";
import { isoAt, type Known, withAnswer } from "./rows";
import { rootOf } from "./TraceHeader";
import type { Look } from "./TraceView";
import { buildForest, type Forest } from "./tree";
import { exactLong, long, signed } from "./words";
import "./compare.css";

const ROW = 24;
const SIGNS: Record<Verdict, string> = { same: "=", longer: "▲", shorter: "▼", missing: "−", new: "+" };

export function CompareView({ known, look }: { known: Known; look: Look }) {
  const other = param("with");
  const { data, problem, again } = useAnswer(other ? `${other} ${project.value}` : null, async (abort) =>
    withAnswer(undefined, await ask<TraceAnswer>(endpoint(`pages/api/trace/${encodeURIComponent(other)}`), { abort })),
  );
  const { forest } = look;
  const start = isoAt(known.start, forest.start);
  if (!other) {
    return (
      <Nothing title="Compare this trace with another one">
        <p class="second-text">
          Operations are matched by the path of services and names that leads to them. What took longer, is missing or
          new shows at once.
        </p>
        <CompareWith known={known} root={rootOf(forest)} start={start} words="Choose a trace" />
      </Nothing>
    );
  }
  if (problem?.status === 404) {
    return (
      <Nothing title="The other trace is not here">
        <p class="second-text">
          Nothing was recorded under <code class="trace-id">{other}</code> in this project, or retention has removed it.
        </p>
        <CompareWith known={known} root={rootOf(forest)} start={start} words="Choose another trace" />
      </Nothing>
    );
  }
  if (problem) return <Failed problem={problem} again={again} />;
  if (!data || data.trace_id !== other) return <Loading words="Loading the other trace" />;
  return <Compared known={known} forest={forest} other={data} />;
}

function Compared({ known, forest, other }: { known: Known; forest: Forest; other: Known }) {
  const second = useMemo(() => buildForest(other.rows.values()), [other]);
  const pairs = useMemo(() => compared(forest, second), [forest, second]);
  const only = param("only") === "changes";
  const shown = only ? withParents(pairs) : pairs;
  const counts = new Map<Verdict, number>();
  for (const { verdict } of pairs) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const most = pairs.reduce((largest, { difference }) => Math.max(largest, Math.abs(difference)), 1);
  const difference = second.end - second.start - (forest.end - forest.start);
  return (
    <div class="compare">
      <div class="compare-sides">
        <Summary mark="A" known={known} forest={forest} />
        <Summary mark="B" known={other} forest={second} />
        <p class="compare-verdict">
          <span class="small quiet-text">B against A</span>
          <b class={`number compare-${difference > 0 ? "longer" : difference < 0 ? "shorter" : "same"}`}>
            {signed(difference)}
          </b>
          <a class="small" href={link(`trace/${other.trace_id}`, { view: "compare", with: known.trace_id })}>
            Swap
          </a>
        </p>
      </div>
      <div class="row compare-tools small">
        {(["longer", "shorter", "missing", "new", "same"] as const).map((verdict) => (
          <span key={verdict} class={`compare-${verdict}`}>
            <span aria-hidden="true">{SIGNS[verdict]} </span>
            {counts.get(verdict) ?? 0} {verdict}
          </span>
        ))}
        <button
          type="button"
          class="button small"
          aria-pressed={only}
          onClick={() => set({ only: only ? null : "changes" }, { replace: true })}
        >
          Changes only
        </button>
      </div>
      <div class="compare-row compare-headline small quiet-text" aria-hidden="true">
        <span class="compare-name">Operation</span>
        <span class="compare-side">A</span>
        <span class="compare-side">B</span>
        <span class="compare-difference">Difference</span>
        <span class="compare-bar" />
      </div>
      {shown.length ? (
        <VirtualRows
          role="table"
          label="Operations of both traces"
          count={shown.length}
          height={ROW}
          row={(index) => (
            <PairRow key={(shown[index] as Pair).key} pair={shown[index] as Pair} most={most} other={other.trace_id} />
          )}
        />
      ) : (
        <Nothing title="Both traces took the same time everywhere" />
      )}
    </div>
  );
}

function Summary({ mark, known, forest }: { mark: string; known: Known; forest: Forest }) {
  return (
    <p class="compare-summary">
      <b>{mark}</b>{" "}
      <a class="mono" href={mark === "A" ? linkWith({ view: null, with: null }) : link(`trace/${known.trace_id}`)}>
        {known.trace_id.slice(0, 8)}
      </a>{" "}
      <span class="number">{long(forest.end - forest.start)}</span>{" "}
      <span class="small quiet-text">
        {forest.spans} spans{forest.errors > 0 && <span class="level-error"> ✕ {forest.errors}</span>} ·{" "}
        {moment(isoAt(known.start, forest.start))}
      </span>
    </p>
  );
}

function PairRow({ pair, most, other }: { pair: Pair; most: number; other: string }) {
  const { verdict, difference, a, b } = pair;
  const href = a ? linkWith({ view: null, span: a.node.key }) : link(`trace/${other}`, { span: b?.node.key });
  const share = (Math.abs(difference) / most) * 50;
  return (
    <div class={`compare-row is-${verdict}`} role="row" tabIndex={-1}>
      <span class="compare-name" role="cell" title={`${pair.service} · ${pair.name}`}>
        <span style={{ flex: "none", width: `${Math.min(pair.depth, 20) * 12}px` }} />
        <span class="service-dot" style={{ background: hue(pair.service) }} />
        <span class="unseen">{pair.service} </span>
        <a class="cut compare-link" dir="auto" href={href} title="Show the longest of them in its waterfall">
          {pair.name}
        </a>
      </span>
      <Cell side={pair.a} />
      <Cell side={pair.b} />
      <span class={`compare-difference number compare-${verdict}`} role="cell" title={exactLong(difference)}>
        <span aria-hidden="true">{SIGNS[verdict]} </span>
        {verdict === "same" ? (
          <span class="unseen">the same</span>
        ) : verdict === "missing" || verdict === "new" ? (
          `${verdict} ${signed(difference)}`
        ) : (
          signed(difference)
        )}
      </span>
      <span class="compare-bar" role="presentation">
        {verdict !== "same" && (
          <i
            class={`bar-${difference > 0 ? "longer" : "shorter"}`}
            style={difference > 0 ? { left: "50%", width: `${share}%` } : { right: "50%", width: `${share}%` }}
          />
        )}
      </span>
    </div>
  );
}

function Cell({ side }: { side: Side | undefined }) {
  return (
    <span class="compare-side number" role="cell" title={side ? exactLong(side.total) : ""}>
      {side ? (
        <>
          {side.errors > 0 && <span class="level-error">✕ </span>}
          {side.count > 1 && <span class="quiet-text">{side.count} × </span>}
          {long(side.total)}
        </>
      ) : (
        <span class="quiet-text">–</span>
      )}
    </span>
  );
}

/** What changed, below what it happened in. */
function withParents(pairs: Pair[]): Pair[] {
  const kept = new Set<Pair>();
  const path: Pair[] = [];
  for (const pair of pairs) {
    path.length = pair.depth;
    path.push(pair);
    if (pair.verdict !== "same") for (const each of path) kept.add(each);
  }
  return pairs.filter((pair) => kept.has(pair));
}
