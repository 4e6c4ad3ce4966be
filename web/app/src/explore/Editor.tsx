/** The SQL editor: CodeMirror in a shadow root, where its style sheets are constructed and need no inline styles. */
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from "@codemirror/autocomplete";
import { history, historyKeymap, indentWithTab, standardKeymap, toggleComment } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { complete } from "./completion";
import { look } from "./editorLook";
import { language } from "./language";
import { type Mistake, mistakes, setMistake } from "./mistake";

export interface EditorActions {
  run: (selected: string, at: number) => void;
  cancel: () => boolean;
  edited: (text: string) => void;
}

interface Props {
  text: string;
  mistake: Mistake | undefined;
  actions: EditorActions;
  handle: { current: EditorView | null };
}

export function Editor({ text, mistake, actions, handle }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(actions);
  latest.current = actions;
  useLayoutEffect(() => {
    const host = place.current;
    if (!host) return;
    const shadow = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    const run = (view: EditorView) => {
      // Else the Escape that is to cancel the query would go to the list.
      closeCompletion(view);
      const { from, to } = view.state.selection.main;
      latest.current.run(view.state.sliceDoc(from, to), from);
      return true;
    };
    const view = new EditorView({
      parent: shadow,
      root: shadow,
      state: EditorState.create({
        doc: text,
        extensions: [
          keymap.of([
            { key: "Mod-Enter", run },
            { key: "Ctrl-Enter", run },
            { key: "Mod-/", run: toggleComment },
            { key: "Tab", run: acceptCompletion },
          ]),
          lineNumbers(),
          history(),
          bracketMatching(),
          closeBrackets(),
          EditorView.lineWrapping,
          EditorState.tabSize.of(2),
          language,
          autocompletion({ override: [complete], icons: false, activateOnTypingDelay: 50 }),
          placeholder("SELECT …"),
          look,
          mistakes,
          keymap.of([
            ...completionKeymap,
            { key: "Escape", run: () => latest.current.cancel() },
            ...closeBracketsKeymap,
            ...historyKeymap,
            ...standardKeymap,
            indentWithTab,
          ]),
          EditorView.domEventHandlers({ beforeinput: typedOver }),
          EditorView.contentAttributes.of({
            "aria-label": "SQL. Escape, then Tab leaves the editor.",
            spellcheck: "false",
          }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.edited(update.state.doc.toString());
          }),
        ],
      }),
    });
    handle.current = view;
    return () => {
      handle.current = null;
      view.destroy();
    };
  }, []);
  useEffect(() => {
    const view = handle.current;
    if (view && view.state.doc.toString() !== text) replaceAll(view, text);
  }, [text]);
  useEffect(() => {
    handle.current?.dispatch({ effects: setMistake.of(mistake ?? null) });
  }, [mistake]);
  return <div class="explore-code" ref={place} />;
}

/** Text typed over a selection: Chromium would carry the colour of what was there as an inline style, which the page's policy forbids. */
function typedOver(event: InputEvent, view: EditorView): boolean {
  const { from, to, empty } = view.state.selection.main;
  const text = event.data;
  if (event.inputType !== "insertText" || !text || empty || view.composing) return false;
  const insert = () =>
    view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
  const taken = view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, text, insert));
  if (!taken) view.dispatch(insert());
  return true;
}

/** As one step, which can be undone. */
export function replaceAll(view: EditorView, text: string): void {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

export function insert(view: EditorView, text: string): void {
  view.dispatch(view.state.replaceSelection(text));
  view.focus();
}
