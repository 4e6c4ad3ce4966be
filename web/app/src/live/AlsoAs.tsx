/** Beside what a single word was found in: the attributes that have it as their value, each a search away. */
import { ask, endpoint, project } from "../api/client";
import { useAnswer } from "../api/useAnswer";
import { exact } from "../format/number";
import { field } from "../search/terms";
import { linkWith, param } from "../state/address";
import { bounds, range } from "../state/range";

export interface AttributesWith {
  attributes: { key: string; count: number; more: boolean }[];
}

/** One word without any sign of the search language. */
const WORD = /^[\p{L}\p{N}_@][\p{L}\p{N}_.@+-]{1,99}$/u;
/** Ids are looked for among the attributes by the search itself. */
const ID = /^[0-9a-f-]{16,}$|@/i;

export function soleWord(q: string): string | undefined {
  const word = q.trim().replace(/^"(.*)"$/, "$1");
  return WORD.test(word) && !ID.test(word) ? word : undefined;
}

export function AlsoAs() {
  const word = soleWord(param("q"));
  const { since, until } = bounds(range.value);
  const { data } = useAnswer(word ? JSON.stringify([word, range.value, project.value]) : null, (abort) =>
    ask<AttributesWith>(endpoint("pages/api/attributes", { value: word, since, until }), { abort }),
  );
  if (!word || !data?.attributes.length) return null;
  return (
    <span class="live-also second-text cut">
      {word} is also
      {data.attributes.slice(0, 3).map(({ key, count, more }) => (
        <a key={key} href={linkWith({ q: field(key, word), sel: null })}>
          {key}
          <span class="quiet-text">
            {" "}
            of {exact(count)}
            {more && "+"}
          </span>
        </a>
      ))}
    </span>
  );
}
