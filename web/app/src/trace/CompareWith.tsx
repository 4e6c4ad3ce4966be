/** Chooses the trace to compare with: one pasted, or a recent one with the same root. */
import { useState } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { TraceSummary, TracesAnswer } from "../api/traces";
import { useAnswer } from "../api/useAnswer";
import { duration } from "../format/duration";
import { moment } from "../format/moment";
import { Menu } from "../parts/Menu";
import { set } from "../state/address";
import type { Known } from "./rows";
import type { Node } from "./tree";

const BEFORE = 7 * 86_400_000;
const SHOWN = 12;

interface Props {
  known: Known;
  root: Node | undefined;
  start: string;
  words?: string;
}

export function CompareWith({ known, root, start, words = "Compare with …" }: Props) {
  return (
    <Menu class="button" side="right" label={words}>
      {(close) => <Choices known={known} root={root} start={start} close={close} />}
    </Menu>
  );
}

/** The id within whatever was pasted: the id itself, or the address of its page. */
export function idIn(text: string): string | undefined {
  return /(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/i.exec(text)?.[0]?.toLowerCase();
}

function Choices({ known, root, start, close }: Props & { close: () => void }) {
  const [text, setText] = useState("");
  const id = idIn(text);
  function choose(other: string) {
    set({ view: "compare", with: other });
    close();
  }
  return (
    <div class="compare-with">
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (id) choose(id);
        }}
      >
        <input
          class="field mono spread"
          aria-label="Id or address of another trace"
          placeholder="Id or address of a trace"
          value={text}
          aria-invalid={text !== "" && !id}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="button" disabled={!id}>
          Compare
        </button>
      </form>
      {text !== "" && !id && <p class="small level-error">A trace id has 32 hex digits.</p>}
      {root && <Recent known={known} root={root} start={start} choose={choose} />}
    </div>
  );
}

function Recent({
  known,
  root,
  start,
  choose,
}: {
  known: Known;
  root: Node;
  start: string;
  choose: (id: string) => void;
}) {
  const q = `is:root service:${quoted(root.row.service_name)} name:${quoted(root.row.span_name)}`;
  const since = new Date(Date.parse(start) - BEFORE).toISOString();
  const { data, problem, loading } = useAnswer(`${q} ${since} ${project.value}`, (abort) =>
    ask<TracesAnswer>(endpoint("pages/api/traces"), {
      body: { q, since, until: null, sort: "newest", limit: SHOWN + 1, min_duration: null, max_duration: null },
      abort,
    }),
  );
  const others = (data?.traces ?? []).filter((trace) => trace.trace_id !== known.trace_id).slice(0, SHOWN);
  const own = (root.end - root.start) / 1e9;
  if (loading && !data) return <p class="small quiet-text compare-words">Looking for traces with the same root …</p>;
  if (problem) return <p class="small level-error compare-words">{problem.detail}</p>;
  if (!others.length)
    return <p class="small quiet-text compare-words">No other trace with the same root in the seven days before.</p>;
  return (
    <>
      <p class="small quiet-text compare-words">Recent traces with the same root</p>
      {others.map((trace) => (
        <Choice key={trace.trace_id} trace={trace} own={own} choose={choose} />
      ))}
    </>
  );
}

function Choice({ trace, own, choose }: { trace: TraceSummary; own: number; choose: (id: string) => void }) {
  const factor = own > 0 ? trace.duration / own : 0;
  return (
    <button type="button" class="menu-item small number" onClick={() => choose(trace.trace_id)}>
      <span>{moment(trace.start)}</span>
      <span class="spread compare-length">{duration(trace.duration)}</span>
      <span class="quiet-text compare-factor">{factor ? `× ${factor.toPrecision(2)}` : ""}</span>
      <span class="compare-errors level-error">{trace.errors ? `✕ ${trace.errors}` : ""}</span>
    </button>
  );
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
