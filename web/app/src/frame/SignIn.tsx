/** What a reader without a valid token sees: one field, and how to get what belongs into it. */
import { useState } from "preact/hooks";
import { problemFrom } from "../api/client";
import { loadMe, me, signIn } from "../api/me";
import type { Problem } from "../api/types";
import { Copy } from "../parts/Copy";
import { go, link, path } from "../state/address";
import { useTitle } from "./useTitle";
import "./signin.css";

const COMMAND = "andiron tokens create --project default --scope admin";

export function SignIn() {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  useTitle("Sign in");
  async function submit(event: Event) {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn(token.trim());
      if (path.value === "sign-in") go(link("", { project: null }), { replace: true });
    } catch (error) {
      setProblem(problemFrom(error));
      // A wrong token takes nothing away from one who is signed in already.
      if (me.value?.signed_in) await loadMe().catch(() => {});
    }
    setBusy(false);
  }
  return (
    <main class="signin">
      <form onSubmit={submit} class="signin-form">
        <h1>Andiron</h1>
        <label class="labelled">
          Token
          <input
            class="field mono"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            value={token}
            aria-invalid={problem !== undefined}
            aria-describedby="signin-problem"
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p id="signin-problem" class="level-error" role="alert">
          {problem?.detail}
        </p>
        <button type="submit" class="button primary" disabled={busy || !token.trim()}>
          Sign in
        </button>
        {me.value?.signed_in && (
          <p>
            You are signed in already; another token opens its project besides. <a href={link("")}>Go back</a>
          </p>
        )}
        <p class="second-text small">
          A token with the scope read or admin, as your operator gave it to you. An operator makes one on the server:
        </p>
        <p class="row">
          <code class="signin-command spread">{COMMAND}</code>
          <Copy text={COMMAND} />
        </p>
      </form>
    </main>
  );
}
