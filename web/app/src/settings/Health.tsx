/** The health of ingest: what came in, what is on its way to the store, what was refused. Looked at again every few seconds. */
import { useEffect } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { Health as Answer } from "../api/manage";
import { useAnswer } from "../api/useAnswer";
import { duration } from "../format/duration";
import { ago, exactMoment } from "../format/moment";
import { bytes, count, exact } from "../format/number";
import { Failed, Loading } from "../parts/Panel";
import { link } from "../state/address";

const AGAIN = 3000;

export function Health() {
  const { data, problem, again } = useAnswer(`health ${project.value}`, (abort) =>
    ask<Answer>(endpoint("pages/api/health"), { abort }),
  );
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), AGAIN);
    return () => clearInterval(timer);
  }, []);
  if (problem && !data) return <Failed problem={problem} again={again} />;
  if (!data) return <Loading />;
  return (
    <>
      {data.reasons.map((reason) => (
        <p key={reason} class="level-error" role="alert">
          <span aria-hidden="true">✕ </span>
          {reason}
        </p>
      ))}
      <dl class="settings-facts">
        <Fact name="State" value={data.status} />
        <Fact name="Running for" value={duration(data.uptime)} />
        <Fact name="Memory" value={bytes(data.memory)} />
        <Fact
          name="Waits in the journal"
          value={bytes(data.journal.bytes)}
          title={`${exact(data.journal.segments)} segments; at ${bytes(data.journal.limit)} senders are told to come later`}
        />
        <Fact name="Load into the store, p99" value={data.load ? duration(data.load.p99) : "nothing yet"} />
        <Fact
          name="Queries, failed"
          value={`${count(data.queries.ok + data.queries.failed)}, ${count(data.queries.failed)}`}
        />
        <Fact name="Disk, free" value={bytes(data.disk.free)} />
        <div class="settings-fact">
          <dt>In quarantine</dt>
          <dd>
            <a href={link("settings/quarantine")}>{exact(data.quarantine.entries)}</a>
          </dd>
        </div>
      </dl>
      <div class="settings-scroll">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Signal</th>
              <th scope="col" class="number">
                Taken
              </th>
              <th scope="col" class="number">
                In the store
              </th>
              <th scope="col" class="number">
                Refused
              </th>
              <th scope="col" class="number">
                In quarantine
              </th>
              <th scope="col">Last received</th>
            </tr>
          </thead>
          <tbody>
            {data.signals.map((each) => (
              <tr key={each.signal}>
                <td>{each.signal}</td>
                <td class="number" title={exact(each.accepted)}>
                  {count(each.accepted)}
                </td>
                <td class="number" title={exact(each.loaded)}>
                  {count(each.loaded)}
                </td>
                <td class={each.refused ? "number level-error" : "number"} title={exact(each.refused)}>
                  {count(each.refused)}
                </td>
                <td class={each.quarantined ? "number level-error" : "number"} title={exact(each.quarantined)}>
                  {count(each.quarantined)}
                </td>
                <td title={each.last_received ? exactMoment(each.last_received) : ""}>
                  {each.last_received ? ago(each.last_received) : "nothing yet"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="second-text small">
        Counted since the server started. The same and more for a machine to read: /metrics.
      </p>
    </>
  );
}

function Fact({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <div class="settings-fact" title={title}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
