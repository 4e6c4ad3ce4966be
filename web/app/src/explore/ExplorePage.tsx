/** The page "Explore": SQL above, its result below as table and chart. The query, the range and the chart are in the address; what is in the address runs. */
import type { EditorView } from "@codemirror/view";
import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { project } from "../api/client";
import { useKeys } from "../frame/keys";
import { param, set } from "../state/address";
import { preferences } from "../state/preferences";
import { questionOf } from "./asking";
import { CellDrawer } from "./CellDrawer";
import { Editor, insert, replaceAll } from "./Editor";
import { EditorFrame } from "./EditorFrame";
import { type Example, FIRST } from "./examples";
import { Gallery } from "./Gallery";
import { laidOut } from "./layout";
import type { Opened } from "./ResultGrid";
import { ResultPanel } from "./ResultPanel";
import { Runner } from "./running";
import { SideDrawer } from "./SideDrawer";
import { State } from "./State";
import { loadSchema } from "./schema";
import { Toolbar } from "./Toolbar";
import "./explore.css";

/** What was written last: stays while other pages are looked at. */
const draft = signal("");

export function ExplorePage() {
  const asked = param("sql");
  const side = param("side");
  const runner = useMemo(() => new Runner(), []);
  const [text, setText] = useState(asked || draft.value || FIRST);
  const [opened, setOpened] = useState<Opened | undefined>(undefined);
  const editor = useRef<EditorView | null>(null);
  const running = runner.state.value;
  useEffect(() => {
    draft.value = text;
    return () => runner.clear();
  }, []);
  useEffect(() => {
    loadSchema();
  }, [project.value]);
  useEffect(() => {
    if (asked) {
      setText(asked);
      draft.value = asked;
      runner.run({ question: questionOf(asked), part: undefined });
    } else runner.clear();
  }, [asked, param("from"), param("to"), preferences.value.zone, project.value]);
  useEffect(() => setOpened(undefined), [running.result, side]);

  function run(selected = "", at = 0) {
    const whole = draft.value;
    if (selected.trim()) {
      runner.run({ question: questionOf(selected), part: { at, length: selected.length } });
    } else if (whole === asked) runner.run({ question: questionOf(asked), part: undefined });
    else if (whole.trim()) set({ sql: whole, sort: null });
  }
  function runChosen() {
    const view = editor.current;
    const { from, to } = view?.state.selection.main ?? { from: 0, to: 0 };
    run(view?.state.sliceDoc(from, to), from);
  }
  function take(sql: string, chart: string | undefined) {
    if (editor.current) replaceAll(editor.current, sql);
    const narrow = matchMedia("(max-width: 800px)").matches;
    set({ sql, chart: chart ?? null, sort: null, view: null, ...(narrow ? { side: null } : {}) });
    if (sql === asked) runner.run({ question: questionOf(sql), part: undefined });
  }
  useKeys("Explore", [
    { keys: "Ctrl+Enter", words: "Run the query, or what is selected of it", act: runChosen, always: true },
    { keys: "/", words: "Write SQL", act: () => editor.current?.focus() },
    {
      keys: "Escape",
      words: "Cancel the query, close the details",
      always: true,
      act: () => {
        if (runner.cancel()) return;
        if (opened) setOpened(undefined);
        else if (side) set({ side: null }, { replace: true });
      },
    },
  ]);
  const mistake = useMemo(() => {
    const { problem, asked: what } = running;
    const before = what?.part?.at ?? 0;
    return problem?.position
      ? { start: problem.position.start + before, end: problem.position.end + before, words: problem.detail }
      : undefined;
  }, [running.problem]);
  const { result } = running;
  return (
    <div class="explore">
      <div class="explore-main">
        <Toolbar
          typed={draft}
          running={running.since !== undefined}
          run={runChosen}
          cancel={() => runner.cancel()}
          format={() => editor.current && replaceAll(editor.current, laidOut(draft.value))}
        />
        <EditorFrame>
          <Editor
            text={text}
            mistake={mistake}
            handle={editor}
            actions={{
              run,
              cancel: () => runner.cancel(),
              edited: (now) => {
                draft.value = now;
              },
            }}
          />
        </EditorFrame>
        <State running={running} />
        {result && running.of ? (
          <ResultPanel
            result={result}
            of={running.of}
            old={running.problem !== undefined || running.cancelled !== undefined}
            busy={running.since !== undefined}
            open={setOpened}
          />
        ) : (
          running.since === undefined && (
            <div class="explore-empty">
              <Gallery take={(example: Example) => take(example.sql, example.chart)} wide />
            </div>
          )
        )}
      </div>
      {opened && result ? (
        <CellDrawer result={result} opened={opened} close={() => setOpened(undefined)} />
      ) : (
        side && (
          <SideDrawer
            side={side}
            take={take}
            insert={(name) => {
              if (editor.current) insert(editor.current, name);
            }}
          />
        )
      )}
    </div>
  );
}
