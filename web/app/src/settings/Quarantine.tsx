/** The quarantine: what the store refused and why; offered again, fetched, or thrown away. */
import { useState } from "preact/hooks";
import { ask, endpoint, problemFrom, project, withProject } from "../api/client";
import type { Quarantined } from "../api/manage";
import { useAnswer } from "../api/useAnswer";
import { moment } from "../format/moment";
import { bytes, exact } from "../format/number";
import { Heads } from "../parts/Heads";
import { Failed, Loading, Stale } from "../parts/Panel";
import { Scroll } from "../parts/Scroll";
import { Confirm } from "./Confirm";

export function Quarantine() {
  const { data, problem, again } = useAnswer(`quarantine ${project.value}`, (abort) =>
    ask<{ entries: Quarantined[] }>(endpoint("pages/api/quarantine"), { abort }),
  );
  const [said, setSaid] = useState("");
  const [doomed, setDoomed] = useState<Quarantined | undefined>(undefined);
  async function retry(id: string) {
    try {
      const answer = await ask<{ loaded: boolean; reason: string | null }>(
        endpoint(`pages/api/quarantine/${id}/retry`),
        {
          body: {},
        },
      );
      setSaid(answer.loaded ? `${id} is in the store now.` : `The store still refuses ${id}: ${answer.reason ?? ""}`);
      again();
    } catch (error) {
      setSaid(problemFrom(error).detail);
    }
  }
  async function remove(id: string) {
    await ask(endpoint(`pages/api/quarantine/${id}`), { method: "DELETE" });
    again();
  }
  if (problem && !data) return <Failed problem={problem} again={again} />;
  if (!data) return <Loading />;
  if (!data.entries.length) {
    return (
      <p class="settings-words" aria-live="polite">
        {said && <>{said} </>}
        <span class="settings-ready" aria-hidden="true">
          ✓{" "}
        </span>
        Nothing is in quarantine. Everything that was acknowledged is in the store or on its way there.
      </p>
    );
  }
  return (
    <>
      {problem && <Stale problem={problem} again={again} />}
      <p class="settings-said" aria-live="polite">
        {said}
      </p>
      <Scroll label="Requests in quarantine">
        <table class="plain settings-table">
          <Heads
            columns={["Received", "Signal", { number: "Records" }, { number: "Size" }, "Reason", { unseen: "Actions" }]}
          />
          <tbody>
            {data.entries.map((entry) => (
              <tr key={entry.id}>
                <td>{entry.received ? moment(entry.received) : "unknown"}</td>
                <td>{entry.signal}</td>
                <td class="number">{exact(entry.records)}</td>
                <td class="number">{bytes(entry.bytes)}</td>
                <td class="settings-reason">{entry.reason}</td>
                <td class="settings-end">
                  <button type="button" class="button small" onClick={() => retry(entry.id)}>
                    Try again
                  </button>{" "}
                  <a
                    class="button small"
                    download={`${entry.id}.body`}
                    href={endpoint(`pages/api/quarantine/${entry.id}/body`, withProject())}
                  >
                    Fetch
                  </a>{" "}
                  <button type="button" class="button small danger" onClick={() => setDoomed(entry)}>
                    Throw away
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {doomed && (
        <Confirm
          title="Throw the request away"
          words={`Its ${exact(doomed.records)} records were acknowledged and are nowhere else.`}
          verb="Throw it away"
          act={() => remove(doomed.id)}
          close={() => setDoomed(undefined)}
        />
      )}
    </>
  );
}
