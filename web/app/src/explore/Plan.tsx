/** How the query is worked on: the SQL that the store gets, and its plan. Asked when it is looked at. */
import { ask, endpoint } from "../api/client";
import { useAnswer } from "../api/useAnswer";
import { Copy } from "../parts/Copy";
import { Failed, Loading } from "../parts/Panel";
import { laidOut } from "./layout";
import type { Question } from "./result";

interface Plans {
  logical_plan?: string;
  physical_plan?: string;
  physical_plan_with_metrics?: string;
}

export function Plan({ question }: { question: Question }) {
  const { data, problem, loading, again } = useAnswer(JSON.stringify(question), (abort) =>
    ask<Plans>(endpoint("v2/query"), { body: { ...question, explain: true, include_schema: false }, abort }),
  );
  if (problem) return <Failed problem={problem} again={again} />;
  if (!data || loading) return <Loading words="Asking for the plan" />;
  const { logical_plan: logical = "", physical_plan: physical = "", physical_plan_with_metrics: measured = "" } = data;
  return (
    <div class="plan">
      <Part
        title="How the store works on it"
        words="Read from the inside out: what is indented most happens first."
        text={measured || physical}
        tree
      />
      <Part
        title="The SQL that the store gets"
        words="ClickHouse's own, after names, functions and the time range were put in their places."
        text={laidOut(logical)}
      />
    </div>
  );
}

function Part({ title, words, text, tree = false }: { title: string; words: string; text: string; tree?: boolean }) {
  return (
    <section>
      <div class="row">
        <h2>{title}</h2>
        <Copy text={text} />
      </div>
      <p class="quiet-text small">{words}</p>
      <pre class={tree ? "plan-tree" : ""} tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}
