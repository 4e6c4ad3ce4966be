/** Retention by signal, with what a change would free before it is made. */
import { useState } from "preact/hooks";
import { ask, endpoint, problemFrom, project } from "../api/client";
import type { Kept, RetentionPreview } from "../api/manage";
import type { Problem } from "../api/types";
import { useAnswer } from "../api/useAnswer";
import { duration } from "../format/duration";
import { ago, exactMoment, moment } from "../format/moment";
import { bytes, count, exact } from "../format/number";
import { Heads } from "../parts/Heads";
import { Failed, Loading, Stale } from "../parts/Panel";
import { Scroll } from "../parts/Scroll";

const DAY = 86_400;

export function Retention() {
  const { data, problem, again } = useAnswer(`retention ${project.value}`, (abort) =>
    ask<{ signals: Kept[] }>(endpoint("pages/api/retention"), { abort }),
  );
  if (problem && !data) return <Failed problem={problem} again={again} />;
  if (!data) return <Loading />;
  return (
    <>
      {problem && <Stale problem={problem} again={again} />}
      <Scroll label="Retention">
        <table class="plain settings-table">
          <Heads columns={["Signal", "Kept for", { number: "On disk" }, { number: "A day" }, { number: "Oldest" }]} />
          <tbody>
            {data.signals.map((each) => (
              <tr key={`${each.signal} ${each.seconds}`}>
                <td>{each.signal}</td>
                <td>
                  <Change kept={each} changed={again} />
                </td>
                <td class="number" title={`${exact(each.bytes)} bytes, ${exact(each.rows)} rows`}>
                  {bytes(each.bytes)}
                </td>
                <td class="number">
                  {each.bytes_a_day === null ? (
                    <span class="quiet-text" title="Known after an hour of telemetry">
                      –
                    </span>
                  ) : (
                    bytes(each.bytes_a_day)
                  )}
                </td>
                <td class="number" title={each.oldest ? exactMoment(each.oldest) : ""}>
                  {each.oldest ? ago(each.oldest) : "nothing yet"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

function Change({ kept, changed }: { kept: Kept; changed: () => void }) {
  const [days, setDays] = useState(String(Number((kept.seconds / DAY).toFixed(3))));
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const seconds = Math.round(Number(days) * DAY);
  const valid = Number.isFinite(seconds) && seconds >= 3600;
  const different = valid && seconds !== kept.seconds;
  const shorter = different && seconds < kept.seconds;
  const preview = useAnswer(shorter ? `preview ${project.value} ${kept.signal} ${seconds}` : null, (abort) =>
    ask<RetentionPreview>(endpoint("pages/api/retention/preview", { signal: kept.signal, seconds }), { abort }),
  );
  async function put(value: number | null) {
    try {
      await ask(endpoint(`pages/api/retention/${kept.signal}`), { method: "PUT", body: { seconds: value } });
      setProblem(undefined);
      changed();
    } catch (error) {
      setProblem(problemFrom(error));
    }
  }
  return (
    <form
      class="stack settings-change"
      onSubmit={(event) => {
        event.preventDefault();
        if (different) put(seconds);
      }}
    >
      <span class="row">
        <input
          class="field"
          type="number"
          min="0.05"
          step="any"
          style={{ width: "84px" }}
          aria-label={`Days that ${kept.signal} are kept`}
          value={days}
          aria-invalid={!valid}
          onInput={(event) => setDays(event.currentTarget.value)}
        />
        days
        {different && (
          <button type="submit" class={shorter ? "button small danger" : "button small"}>
            {shorter ? "Shorten" : "Lengthen"}
          </button>
        )}
        {kept.overridden && (
          <button type="button" class="button small quiet" onClick={() => put(null)}>
            Back to the server’s {duration(kept.default_seconds)}
          </button>
        )}
      </span>
      <span class="small second-text" aria-live="polite">
        {!valid && "At least an hour (0.05 days)."}
        {shorter && preview.loading && "Looking what that would free …"}
        {shorter && preview.data && !preview.loading && freed(preview.data)}
        {different && !shorter && "What is kept stays; what is gone does not come back."}
        {problem && <span class="level-error">{problem.detail}</span>}
      </span>
    </form>
  );
}

function freed({ bytes: size, rows, before, more_in }: RetentionPreview): string {
  const now = size
    ? `Frees ${bytes(size)}: ${count(rows)} rows${before ? ` received before ${moment(before)}` : ""}.`
    : "Frees nothing at once: nothing on disk is wholly that old.";
  return more_in ? `${now} ${bytes(more_in.bytes)} more within ${duration(more_in.seconds)}.` : now;
}
