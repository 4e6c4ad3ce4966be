/** The first page of a newcomer: the lines to paste, for what they have, with this server's own address in them. */
import { useState } from "preact/hooks";
import { project } from "../api/client";
import { me } from "../api/me";
import { Copy } from "../parts/Copy";
import { Tabs } from "../parts/Tabs";
import { link } from "../state/address";
import { root } from "../state/root";
import { snippets } from "./snippets";
import "./teach.css";

export function Teach() {
  const url = root.href.replace(/\/$/, "");
  // Without a token telemetry goes to the server's own project, whichever one is looked at.
  const own = me.value?.tokenless && project.value === me.value.own_project;
  const token = own ? undefined : "YOUR-TOKEN";
  const all = snippets(url, token);
  const [chosen, setChosen] = useState(all[0]?.id ?? "");
  const shown = all.find((each) => each.id === chosen);
  return (
    <div class="teach">
      <h2>Waiting for the first record</h2>
      <p class="second-text">
        This page turns live by itself as soon as something arrives. Send it from your own application, or{" "}
        <b>let a made-up shop send some</b>:
      </p>
      <Lines
        code={
          url === "http://127.0.0.1:4318" && !token
            ? "andiron demo"
            : `andiron demo --url ${url}${token ? ` --token ${token}` : ""}`
        }
      />
      <Tabs label="What sends" tabs={all} chosen={chosen} choose={setChosen} />
      {shown?.steps.map((step) => (
        <section key={step.words} class="teach-step">
          <p>{step.words}</p>
          <Lines code={step.code} />
        </section>
      ))}
      {token && (
        <p class="second-text">
          YOUR-TOKEN is one with the scope write: <a href={link("settings/tokens")}>make a token</a>.
        </p>
      )}
    </div>
  );
}

function Lines({ code }: { code: string }) {
  return (
    <div class="teach-code">
      <pre>{code}</pre>
      <Copy text={code} class="button small" />
    </div>
  );
}
