/** Asks before something is gone for good; where the loss is large, the name has to be written. */
import { useState } from "preact/hooks";
import { problemFrom } from "../api/client";
import type { Problem } from "../api/types";
import { Dialog } from "../parts/Dialog";

interface Props {
  title: string;
  words: string;
  verb: string;
  /** To be written out before the button works. */
  name?: string;
  act: () => Promise<void>;
  close: () => void;
}

export function Confirm({ title, words, verb, name, act, close }: Props) {
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  async function confirmed(event: Event) {
    event.preventDefault();
    setBusy(true);
    try {
      await act();
      close();
    } catch (error) {
      setProblem(problemFrom(error));
      setBusy(false);
    }
  }
  return (
    <Dialog title={title} close={close}>
      <form class="stack" style={{ gap: "12px" }} onSubmit={confirmed}>
        <p>{words}</p>
        {name && (
          <label class="labelled">
            Write {name} to confirm
            <input
              class="field"
              value={typed}
              autocomplete="off"
              spellcheck={false}
              autofocus
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </label>
        )}
        {problem && (
          <p class="level-error" role="alert">
            {problem.detail}
          </p>
        )}
        <div class="row">
          <button type="submit" class="button danger" disabled={busy || (name !== undefined && typed !== name)}>
            {verb}
          </button>
          <button type="button" class="button quiet" autofocus={!name} onClick={close}>
            Keep it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
