/** A refused query in the editor: the word that is wrong is underlined, and under its line stands what is wrong with it. An edit takes it away. */
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";

export interface Mistake {
  start: number;
  end: number;
  words: string;
}

export const setMistake = StateEffect.define<Mistake | null>();

class Words extends WidgetType {
  readonly words: string;
  readonly column: number;

  constructor(words: string, column: number) {
    super();
    this.words = words;
    this.column = column;
  }

  override eq(other: Words): boolean {
    return other.words === this.words && other.column === this.column;
  }

  override toDOM(): HTMLElement {
    const line = document.createElement("div");
    line.className = "cm-mistake-words";
    // Below the word, unless that would leave no room.
    line.style.paddingLeft = `calc(8px + min(${this.column} * 1ch * 1.08, 40%))`;
    line.textContent = `▲ ${this.words}`;
    // Below the editor it is said for everyone.
    line.setAttribute("aria-hidden", "true");
    return line;
  }

  override ignoreEvent(): boolean {
    return false;
  }
}

export const mistakes = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = transaction.docChanged ? Decoration.none : shown;
    for (const effect of transaction.effects) {
      if (!effect.is(setMistake)) continue;
      next = Decoration.none;
      const length = transaction.state.doc.length;
      if (!effect.value || !length) continue;
      const start = Math.min(effect.value.start, length - 1);
      const end = Math.min(Math.max(effect.value.end, start + 1), length);
      const line = transaction.state.doc.lineAt(start);
      next = Decoration.set(
        [
          Decoration.mark({ class: "cm-mistake" }).range(start, end),
          Decoration.widget({ widget: new Words(effect.value.words, start - line.from), block: true, side: 1 }).range(
            line.to,
          ),
        ],
        true,
      );
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});
