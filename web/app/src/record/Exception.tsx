/** An exception with its stack: the frames of the application plain, those of libraries quiet; or the text as it was sent. */
import { useState } from "preact/hooks";
import { Copy } from "../parts/Copy";
import { stackOf } from "./stack";

interface Props {
  type: string | null;
  message: string | null;
  stacktrace: string | null;
}

export function Exception({ type, message, stacktrace }: Props) {
  const stack = stacktrace ? stackOf(stacktrace) : undefined;
  const [raw, setRaw] = useState(false);
  const [libraries, setLibraries] = useState(false);
  const hidden = stack && !libraries && stack.frames.some((frame) => frame.own);
  const frames = stack?.frames.filter((frame) => !hidden || frame.own) ?? [];
  const left = (stack?.frames.length ?? 0) - frames.length;
  return (
    <section class="record-section record-exception">
      <p class="record-exception-head">
        <b class="level-error">
          <span aria-hidden="true">✕ </span>
          {type ?? "Exception"}
        </b>{" "}
        <span dir="auto">{message}</span>
      </p>
      {stack && !raw && (
        <ol class="frames mono">
          {frames.map((frame) => (
            <li
              key={`${frame.file}:${frame.line}:${frame.function}`}
              class={frame.own ? "stack-frame" : "stack-frame quiet-text"}
            >
              <span class="frame-place" title={frame.file}>
                {shortened(frame.file)}
                {frame.line !== null && <b>:{frame.line}</b>}
              </span>{" "}
              {frame.function && <span class="frame-function">in {frame.function}</span>}
              {frame.code && <code class="frame-code">{frame.code}</code>}
            </li>
          ))}
        </ol>
      )}
      {stack && !raw && frames.length > 1 && (
        <p class="quiet-text small">
          {stack.newestLast ? "Where it was raised comes last." : "Where it was raised comes first."}
        </p>
      )}
      {stacktrace && (raw || !stack) && <pre class="record-pre">{stacktrace}</pre>}
      <p class="row">
        {stack && !raw && (left > 0 || libraries) && (
          <button type="button" class="button small quiet" onClick={() => setLibraries(!libraries)}>
            {libraries ? "Hide frames of libraries" : `Show ${left} frames of libraries`}
          </button>
        )}
        {stack && (
          <button type="button" class="button small quiet" aria-pressed={raw} onClick={() => setRaw(!raw)}>
            As it was sent
          </button>
        )}
        {stacktrace && <Copy text={stacktrace} words="Copy the stack" />}
      </p>
    </section>
  );
}

/** The end of a path tells where it is. */
function shortened(file: string): string {
  const steps = file.split("/");
  return steps.length > 4 ? `…/${steps.slice(-3).join("/")}` : file;
}
