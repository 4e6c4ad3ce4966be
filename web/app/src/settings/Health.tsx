/** The health of ingest: what came in, what is on its way to the store, what was refused. Looked at again every few seconds. */
import { useEffect } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { Health as Answer } from "../api/manage";
import { useAnswer } from "../api/useAnswer";
import { duration } from "../format/duration";
import { ago, exactMoment } from "../format/moment";
import { bytes, count, exact } from "../format/number";
import { Heads } from "../parts/Heads";
import { Failed, Loading, Stale } from "../parts/Panel";
import { Scroll } from "../parts/Scroll";
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
  const ready = data.reasons.length === 0;
  return (
    <>
      {problem && <Stale problem={problem} again={again} />}
      {data.reasons.map((reason) => (
        <p key={reason} class="level-error" role="alert">
          <span aria-hidden="true">✕ </span>
          {reason}
        </p>
      ))}
      <dl class="settings-facts">
        <div class="settings-fact">
          <dt>State</dt>
          <dd class={ready ? "settings-ready" : "level-error"}>
            <span aria-hidden="true">{ready ? "✓ " : "✕ "}</span>
            {data.status}
          </dd>
        </div>
        <Fact name="Running for" value={duration(data.uptime)} />
        <Fact name="Memory" value={bytes(data.memory)} />
        <Fact
          name="In the journal"
          value={bytes(data.journal.bytes)}
          also={`of ${bytes(data.journal.limit)}`}
          title={`${exact(data.journal.segments)} segments; at ${bytes(data.journal.limit)} senders are told to come later`}
        />
        <Fact
          name="Into the store"
          value={data.load ? duration(data.load.p50) : "nothing yet"}
          also={data.load ? `p99 ${duration(data.load.p99)}` : undefined}
        />
        <Fact
          name="Queries"
          value={count(data.queries.ok + data.queries.failed)}
          also={data.queries.failed ? `${count(data.queries.failed)} failed` : "none failed"}
        />
        <Fact name="Disk" value={bytes(data.disk.free)} also={`free of ${bytes(data.disk.total)}`} />
        <div class="settings-fact">
          <dt>In quarantine</dt>
          <dd>
            <a href={link("settings/quarantine")}>{exact(data.quarantine.entries)}</a>{" "}
            <span class="second-text small">{data.quarantine.bytes ? bytes(data.quarantine.bytes) : ""}</span>
          </dd>
        </div>
      </dl>
      <Scroll label="Signals">
        <table class="plain settings-table">
          <Heads
            columns={[
              "Signal",
              { number: "Taken" },
              { number: "In the store" },
              { number: "Refused" },
              { number: "In quarantine" },
              { number: "Last received" },
            ]}
          />
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
                <td class="number" title={each.last_received ? exactMoment(each.last_received) : ""}>
                  {each.last_received ? ago(each.last_received) : "nothing yet"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="second-text small settings-note">
        Counted since the server started. The same and more for a machine to read: <code>/metrics</code>.
      </p>
    </>
  );
}

interface FactProps {
  name: string;
  value: string;
  also?: string | undefined;
  title?: string;
}

function Fact({ name, value, also, title }: FactProps) {
  return (
    <div class="settings-fact" title={title}>
      <dt>{name}</dt>
      <dd>
        {value} <span class="second-text small">{also}</span>
      </dd>
    </div>
  );
}
