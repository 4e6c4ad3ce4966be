/** The records, the newest first: rows that come in while the reader is at the top, a counter that waits otherwise, and the keys that walk through them. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Line } from "../api/types";
import { exact } from "../format/number";
import { useKeys } from "../frame/keys";
import { putOnClipboard } from "../parts/Copy";
import { Failed, Loading, Stale } from "../parts/Panel";
import { VirtualRows } from "../parts/VirtualRows";
import { go, link } from "../state/address";
import { permalink } from "../state/range";
import { type Feed, LONGEST } from "./feed";
import { Head } from "./Head";
import { NoMatch } from "./NoMatch";
import { Row } from "./Row";
import { folded, type Shown, successor, toggled } from "./rows";
import { choose, chosen } from "./selection";

const ROW = 24;
const ERROR = 17;
/** More than fit into a window. */
const PLACES = 256;

interface Props {
  feed: Feed;
  q: string;
  columns: string[];
  paused: boolean;
  setAtTop: (atTop: boolean) => void;
  goOn: () => void;
}

export function RecordList({ feed, q, columns, paused, setAtTop, goOn }: Props) {
  const rows = feed.rows.value;
  const waiting = feed.waiting.value;
  const problem = feed.problem.value;
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [told, setTold] = useState("");
  const list = useRef<HTMLDivElement>(null);
  const selection = chosen();
  // Only what the reader walks to is scrolled to; what moves by itself is not followed.
  const [walked, setWalked] = useState(selection?.id);
  const shown = useMemo(() => folded(rows.lines, open), [rows, open]);
  const at = selection ? shown.findIndex((each) => each.line.id === selection.id) : -1;

  useEffect(() => {
    if (list.current) list.current.scrollTop = 0;
  }, [feed]);
  // The chosen span has ended: its record is another one now.
  useEffect(() => {
    if (selection?.kind !== "pending_span" || at >= 0) return;
    const ended = successor(rows.lines, selection);
    if (ended) choose(ended);
  }, [rows]);
  useEffect(() => {
    if (!told) return;
    const timer = setTimeout(() => setTold(""), 2000);
    return () => clearTimeout(timer);
  }, [told]);

  function walk(line: Line) {
    setWalked(line.id);
    choose(line);
  }
  function move(step: number) {
    const next = shown[Math.min(shown.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    if (next) walk(next.line);
  }
  /** Further than what is listed the server knows. */
  async function toError(step: number) {
    const moment = selection?.at ?? "9999";
    const listed = step > 0 ? shown : [...shown].reverse();
    const beyond = ({ line }: Shown) =>
      step > 0 ? line.start_timestamp < moment : line.start_timestamp > moment && selection !== undefined;
    const found = listed.find((each) => each.line.level >= ERROR && beyond(each));
    if (found) return walk(found.line);
    if (step < 0) return setTold("No error above");
    const oldest = rows.lines.at(-1)?.start_timestamp;
    if (!oldest) return;
    const from = [oldest, moment].sort()[0] ?? moment;
    const older = await feed.errorBefore(from).catch(() => undefined);
    if (older) walk(older);
    else setTold("No further error in this time");
  }
  function toTop() {
    setWalked(undefined);
    if (list.current) list.current.scrollTop = 0;
    goOn();
    setAtTop(true);
    feed.show();
  }
  useKeys("Live", [
    { keys: "j ArrowDown", words: "Next record", act: () => move(1) },
    { keys: "k ArrowUp", words: "Record before", act: () => move(-1) },
    {
      keys: "Enter",
      words: "Open the trace",
      act: () => {
        if (selection?.trace_id) go(link(`trace/${selection.trace_id}`, { span: selection.span_id }));
        else move(0);
      },
    },
    { keys: "Escape", words: "Close the details", act: () => selection && choose(undefined) },
    { keys: "e", words: "Next error", act: () => void toError(1) },
    { keys: "E", words: "Error before", act: () => void toError(-1) },
    { keys: "g", words: "To the newest", act: toTop },
    {
      keys: "c",
      words: "Copy the link",
      act: () => void putOnClipboard(permalink()).then(() => setTold("Link copied")),
    },
  ]);

  const full = rows.lines.length >= LONGEST;
  return (
    <>
      {problem && rows.lines.length > 0 && !problem.position && (
        <Stale problem={problem} again={() => void feed.load()} />
      )}
      <div
        class={feed.loading.value || problem?.position ? "live-list stale" : "live-list"}
        style={{ "--extra": columns.map(() => "minmax(80px, 160px)").join(" ") }}
      >
        {waiting > 0 && (
          <button type="button" class="live-waiting" onClick={toTop}>
            ↑ {exact(waiting)} new {waiting === 1 ? "record" : "records"}
          </button>
        )}
        <div
          class="live-table"
          role="table"
          aria-label="Records"
          aria-rowcount={feed.more.value ? -1 : shown.length + 1}
        >
          <Head columns={columns} />
          {rows.lines.length > 0 && (
            <VirtualRows
              role="rowgroup"
              label="Records, the newest first"
              count={shown.length}
              height={ROW}
              place={list}
              selected={at >= 0 && walked === selection?.id ? at : undefined}
              onEnd={feed.more.value && !full ? () => void feed.older() : undefined}
              onScroll={(top) => setAtTop(top < ROW / 2)}
              row={(index) => {
                const each = shown[index];
                // Keyed by place: where thousands come a second, elements are used again instead of made anew.
                return (
                  each && (
                    <Row
                      key={index % PLACES}
                      shown={each}
                      index={index}
                      columns={columns}
                      selected={index === at}
                      select={choose}
                      unfold={(line) => setOpen(toggled(open, rows.lines, line))}
                    />
                  )
                );
              }}
            />
          )}
        </div>
        {rows.lines.length === 0 && <Empty feed={feed} q={q} />}
        {full && (
          <p class="live-full small second-text">
            {exact(rows.lines.length)} records are listed. Narrow the search or the time to see older ones.
          </p>
        )}
        <p class={told ? "live-told small" : "unseen"} role="status">
          {told || (paused ? "Paused" : "")}
        </p>
      </div>
    </>
  );
}

function Empty({ feed, q }: { feed: Feed; q: string }) {
  const problem = feed.problem.value;
  const again = () => void feed.load();
  // A search that is not understood is told at the search box.
  if (problem) return problem.position ? <div class="live-blank" /> : <Failed problem={problem} again={again} />;
  if (feed.loading.value) return <Loading words="Looking" />;
  return <NoMatch q={q} arrived={again} />;
}
