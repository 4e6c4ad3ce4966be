/** Take the result along: as a file, or as the command that asks the same. */
import { useState } from "preact/hooks";
import { problemFrom } from "../api/client";
import { putOnClipboard } from "../parts/Copy";
import { Menu } from "../parts/Menu";
import { asCurl, asPython, download, FORMS, type Form } from "./exports";
import type { Question } from "./result";

export function TakeAlong({ question }: { question: Question }) {
  const [state, setState] = useState("");
  async function take(form: Form) {
    setState(`Fetching ${form.words} …`);
    try {
      await download(question, form);
      setState("");
    } catch (error) {
      setState(problemFrom(error).detail);
    }
  }
  async function copy(text: string) {
    await putOnClipboard(text);
    setState("Copied");
    setTimeout(() => setState(""), 1500);
  }
  return (
    <span class="row explore-take">
      {state && (
        <span class="small second-text cut" role="status" title={state}>
          {state}
        </span>
      )}
      <Menu
        class="button small"
        side="right"
        label={
          <>
            Export <span aria-hidden="true">▾</span>
          </>
        }
      >
        {(close) => (
          <>
            {FORMS.map((form) => (
              <button
                key={form.id}
                type="button"
                class="menu-item"
                onClick={() => {
                  close();
                  take(form);
                }}
              >
                Download {form.words}
              </button>
            ))}
            <hr class="menu-rule" />
            <button
              type="button"
              class="menu-item"
              onClick={() => {
                close();
                copy(asCurl(question));
              }}
            >
              Copy as curl
            </button>
            <button
              type="button"
              class="menu-item"
              onClick={() => {
                close();
                copy(asPython(question));
              }}
            >
              Copy as Python
            </button>
          </>
        )}
      </Menu>
    </span>
  );
}
