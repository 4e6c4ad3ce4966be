/** The page "Trace": one trace of the address, or why there is none. */
import { useEffect } from "preact/hooks";
import { Failed, Loading, Nothing, Stale } from "../parts/Panel";
import { link, path } from "../state/address";
import { TraceView } from "./TraceView";
import { useTrace } from "./useTrace";
import "./trace.css";

export function TracePage() {
  const id = path.value.split("/")[1] ?? "";
  const { known, problem, waiting, live, again } = useTrace(id);
  useEffect(() => {
    document.title = `Trace ${id.slice(0, 8)} · Andiron`;
  }, [id]);
  if (!id) return <NoId />;
  if (known) {
    return (
      <div class="trace-page">
        {problem && <Stale problem={problem} again={again} />}
        <TraceView key={known.trace_id} known={known} live={live} />
      </div>
    );
  }
  if (problem?.status === 404) return <Missing id={id} waiting={waiting} again={again} />;
  if (problem) return <Failed problem={problem} again={again} />;
  return <Loading words="Loading the trace" />;
}

function NoId() {
  return (
    <Nothing title="This address names no trace">
      <a class="button" href={link("traces")}>
        Choose one from the list
      </a>
    </Nothing>
  );
}

function Missing({ id, waiting, again }: { id: string; waiting: boolean; again: () => void }) {
  return (
    <Nothing title={waiting ? "This trace is not here yet" : "There is no such trace here"}>
      <p class="second-text">
        Nothing was recorded under <code class="trace-id">{id}</code>. It may be that
      </p>
      <ul class="trace-reasons second-text">
        <li>
          it is still on its way: spans are sent in batches, some seconds after they end; or a sampler left it out;
        </li>
        <li>retention has removed it, as it was older than what this project keeps;</li>
        <li>it belongs to another project: choose that one at the top;</li>
        <li>the id was cut off: it has 32 hex digits{id.length === 32 ? "" : `, this one ${id.length}`}.</li>
      </ul>
      <p class="quiet-text" role="status">
        {waiting ? "Looking again every two seconds, for half a minute." : "Looked for it for half a minute."}
      </p>
      <div class="row">
        {!waiting && (
          <button type="button" class="button" onClick={again}>
            Look again
          </button>
        )}
        <a class="button" href={link("traces")}>
          Show recent traces
        </a>
      </div>
    </Nothing>
  );
}
