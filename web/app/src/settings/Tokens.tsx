/** Tokens of the project: made here and shown once, seen in use, revoked. */
import { useState } from "preact/hooks";
import { ask, endpoint, problemFrom, project } from "../api/client";
import type { NewToken, Scope, Token } from "../api/manage";
import { me } from "../api/me";
import type { Problem } from "../api/types";
import { useAnswer } from "../api/useAnswer";
import { ago, exactMoment, moment } from "../format/moment";
import { Copy } from "../parts/Copy";
import { Heads } from "../parts/Heads";
import { Failed, Loading, Stale } from "../parts/Panel";
import { Scroll } from "../parts/Scroll";
import { root } from "../state/root";
import { Confirm } from "./Confirm";

const SCOPES: { id: Scope; words: string }[] = [
  { id: "write", words: "write: send telemetry, read nothing" },
  { id: "read", words: "read: look and query" },
  { id: "admin", words: "admin: both, and change the project" },
];
const LIFETIMES = [
  { days: "30", words: "30 days" },
  { days: "90", words: "90 days" },
  { days: "365", words: "a year" },
  { days: "", words: "until it is revoked" },
];

export function Tokens() {
  const { data, problem, again } = useAnswer(`tokens ${project.value}`, (abort) =>
    ask<{ tokens: Token[] }>(endpoint("pages/api/tokens"), { abort }),
  );
  const [issued, setIssued] = useState<NewToken | undefined>(undefined);
  const [doomed, setDoomed] = useState<Token | undefined>(undefined);
  async function revoke(id: string) {
    await ask(endpoint(`pages/api/tokens/${id}`), { method: "DELETE" });
    again();
  }
  if (problem && !data) return <Failed problem={problem} again={again} />;
  if (!data) return <Loading />;
  return (
    <>
      {problem && <Stale problem={problem} again={again} />}
      <NewTokenForm
        made={(token) => {
          setIssued(token);
          again();
        }}
      />
      {issued && <Issued issued={issued} close={() => setIssued(undefined)} />}
      {data.tokens.length === 0 ? (
        <p class="second-text">
          There is no token yet.
          {me.value?.tokenless && " None is needed, as this server listens to this machine alone."}
        </p>
      ) : (
        <Scroll label="Tokens">
          <table class="plain settings-table">
            <Heads columns={["Id", "Scope", "Description", "Made", "Last used", "Ends", { unseen: "Actions" }]} />
            <tbody>
              {data.tokens.map((token) => (
                <tr key={token.id} class={token.state === "live" ? "" : "settings-dead"}>
                  <td class="mono">{token.id}</td>
                  <td>{token.scope}</td>
                  <td class="settings-reason">
                    <bdi>{token.description}</bdi>
                  </td>
                  <td title={exactMoment(token.created_at)}>{ago(token.created_at)}</td>
                  <td title={token.last_used_at ? exactMoment(token.last_used_at) : ""}>
                    {token.last_used_at ? ago(token.last_used_at) : "never"}
                  </td>
                  <td>{ends(token)}</td>
                  <td class="settings-end">
                    {token.state === "live" && (
                      <button type="button" class="button small danger" onClick={() => setDoomed(token)}>
                        Revoke
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {doomed && (
        <Confirm
          title={`Revoke the token ${doomed.id}`}
          words={`Whoever uses it${doomed.description ? ` (${doomed.description})` : ""} is refused within two seconds. This cannot be taken back.`}
          verb="Revoke the token"
          act={() => revoke(doomed.id)}
          close={() => setDoomed(undefined)}
        />
      )}
    </>
  );
}

function ends(token: Token): string {
  if (token.state === "revoked") return `revoked ${token.revoked_at ? ago(token.revoked_at) : ""}`;
  if (!token.expires_at) return "when revoked";
  return token.state === "expired" ? `expired ${ago(token.expires_at)}` : moment(token.expires_at);
}

function NewTokenForm({ made }: { made: (token: NewToken) => void }) {
  const [scope, setScope] = useState<Scope>("write");
  const [description, setDescription] = useState("");
  const [days, setDays] = useState("90");
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  async function submit(event: Event) {
    event.preventDefault();
    try {
      const body = { scope, description, lifetime_days: days ? Number(days) : null };
      made(await ask<NewToken>(endpoint("pages/api/tokens"), { body }));
      setDescription("");
      setProblem(undefined);
    } catch (error) {
      setProblem(problemFrom(error));
    }
  }
  return (
    <form class="settings-form" onSubmit={submit}>
      <label class="labelled">
        Scope
        <select class="field" value={scope} onChange={(event) => setScope(event.currentTarget.value as Scope)}>
          {SCOPES.map((each) => (
            <option key={each.id} value={each.id}>
              {each.words}
            </option>
          ))}
        </select>
      </label>
      <label class="labelled">
        Who will use it
        <input
          class="field"
          value={description}
          maxLength={200}
          placeholder="till 4, CI, Ada"
          onInput={(event) => setDescription(event.currentTarget.value)}
        />
      </label>
      <label class="labelled">
        Lives
        <select class="field" value={days} onChange={(event) => setDays(event.currentTarget.value)}>
          {LIFETIMES.map((each) => (
            <option key={each.days} value={each.days}>
              {each.words}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="button primary">
        Make a token
      </button>
      {problem && (
        <p class="level-error" role="alert">
          {problem.detail}
        </p>
      )}
    </form>
  );
}

function Issued({ issued, close }: { issued: NewToken; close: () => void }) {
  const url = root.href.replace(/\/$/, "");
  const lines =
    issued.scope === "write"
      ? `export ANDIRON_URL=${url} ANDIRON_TOKEN=${issued.token}`
      : `andiron sql --url ${url} --token ${issued.token} "SELECT count(*) FROM records"`;
  return (
    <div class="settings-issued" role="status">
      <b>Copy the token now: it is shown this once, and Andiron keeps only its hash.</b>
      <p class="row">
        <code class="spread">{issued.token}</code>
        <Copy text={issued.token} class="button small" words="Copy the token" />
      </p>
      <p class="row">
        <code class="spread">{lines}</code>
        <Copy text={lines} class="button small" words="Copy the line" />
      </p>
      <p>
        <button type="button" class="button small" onClick={close}>
          I have it
        </button>
      </p>
    </div>
  );
}
