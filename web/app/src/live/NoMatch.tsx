/** Nothing to show: because nothing was ever sent, which is taught, or because nothing matches, which is mended. */
import { useEffect, useRef } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { SearchAnswer } from "../api/types";
import { useAnswer } from "../api/useAnswer";
import { moment } from "../format/moment";
import { Loading, Nothing } from "../parts/Panel";
import { isSql } from "../search/context";
import { split, withoutLast } from "../search/terms";
import { linkWith } from "../state/address";
import { range, rangeWords } from "../state/range";
import { Teach } from "./Teach";
import "./nomatch.css";

const LOOK = 2000;
const WIDER = [
  { text: "1h", seconds: 3600, words: "the last hour" },
  { text: "1d", seconds: 86_400, words: "the last day" },
  { text: "30d", seconds: 2_592_000, words: "the last 30 days" },
];

export function NoMatch({ q, arrived }: { q: string; arrived: () => void }) {
  const any = useAnswer(`any ${project.value}`, (abort) =>
    ask<SearchAnswer>(endpoint("pages/api/search"), { body: { q: "", since: null, until: null, limit: 1 }, abort }),
  );
  const newest = any.data?.rows[0];
  const nothing = any.data !== undefined && !newest;
  const taught = useRef(false);
  useEffect(() => {
    if (!nothing) return;
    taught.current = true;
    const timer = setInterval(any.again, LOOK);
    return () => clearInterval(timer);
  }, [nothing]);
  // The first record of all turns the page live.
  useEffect(() => {
    if (newest && taught.current) arrived();
  }, [newest?.id]);
  if (nothing) return <Teach />;
  if (!any.data && !any.problem) return <Loading words="Looking" />;
  const words = split(q);
  const wider = WIDER.filter((each) => range.value.kind === "absolute" || each.seconds > range.value.seconds);
  return (
    <Nothing title={q ? "No record matches" : "No records in this time"}>
      <p class="second-text">
        {q ? "Searched for " : "Looked at "}
        {q && <code class="no-match-q">{q}</code>}
        {q && " in "}
        {rangeWords(range.value, moment).replace(/^Last/, "the last")}.
        {newest && ` The newest record of the project is from ${moment(newest.start_timestamp)}.`}
      </p>
      <p class="row no-match-ways">
        {wider.map((each) => (
          <a key={each.text} class="button" href={linkWith({ from: each.text, to: null })}>
            Look at {each.words}
          </a>
        ))}
        {words.length > 0 && (
          <a class="button" href={linkWith({ q: withoutLast(q) || null })}>
            <span class="cut">{isSql(q) ? "Clear the search" : `Search without ${words.at(-1)}`}</span>
          </a>
        )}
      </p>
    </Nothing>
  );
}
