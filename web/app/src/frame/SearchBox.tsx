/** The search box: its text is `q` in the address, taken over with Enter. Offers what can be typed next, and shows in place what was not understood. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/types";
import { MISTAKE_ID, Mistake, Underline } from "../search/Mistake";
import { OfferList, offerId } from "../search/OfferList";
import { type Offer, remembered, taken } from "../search/offers";
import { searchProblem } from "../search/problem";
import { SearchHelp } from "../search/SearchHelp";
import { useOffers } from "../search/useOffers";
import { param, set } from "../state/address";
import { prefer, preferences } from "../state/preferences";
import { useKeys } from "./keys";
import "./search.css";

const LIST = "search-offers";

export function SearchBox() {
  const asked = param("q");
  const [text, setText] = useState(asked);
  const [caret, setCaret] = useState(asked.length);
  const [open, setOpen] = useState(false);
  const [marked, setMarked] = useState(-1);
  const [left, setLeft] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const placing = useRef<number | undefined>(undefined);
  const offers = useOffers(text, caret, open);
  const shown = open && offers.length > 0;
  const refused = searchProblem.value;
  // Only while the text is the one that was asked: what was corrected since is not yet judged.
  const mistake = asked && text === asked && refused && notUnderstood(refused) ? refused : undefined;
  useEffect(() => setText(asked), [asked]);
  useEffect(() => setMarked(-1), [offers]);
  useLayoutEffect(() => {
    // After taking an offer the caret stands behind it, as soon as the text is in the field.
    if (placing.current === undefined || !field.current) return;
    field.current.setSelectionRange(placing.current, placing.current);
    placing.current = undefined;
  }, [text]);
  useKeys("Everywhere", [{ keys: "/", words: "Search", act: () => field.current?.select() }]);

  function ask(q: string) {
    const wanted = q.trim();
    setOpen(false);
    setText(wanted);
    prefer({ history: remembered(preferences.value.history, wanted) });
    set({ q: wanted || null });
  }
  function take(offer: Offer) {
    if (offer.kind === "past") return ask(offer.insert);
    const next = taken(text, offer);
    placing.current = next.caret;
    setText(next.text);
    setCaret(next.caret);
    field.current?.focus();
  }
  function keyed(event: KeyboardEvent) {
    if (event.isComposing) return;
    const chosen = shown ? offers[marked] : undefined;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) setOpen(true);
      else if (offers.length) {
        // One place besides the offers is the text itself.
        const places = offers.length + 1;
        setMarked(((marked + 1 + (event.key === "ArrowDown" ? 1 : places - 1)) % places) - 1);
      }
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (shown) setOpen(false);
      else field.current?.blur();
    } else if (event.key === "Enter" && chosen) {
      event.preventDefault();
      take(chosen);
    } else if (event.key === "Tab" && shown && !event.shiftKey && (chosen || text.trim())) {
      const best = chosen ?? offers.find((offer) => offer.kind !== "past");
      if (!best) return;
      event.preventDefault();
      take(best);
    }
  }
  function moved(event: Event) {
    const input = event.currentTarget as HTMLInputElement;
    setCaret(input.selectionStart ?? input.value.length);
    setLeft(input.scrollLeft);
  }
  return (
    <form
      class="search spread"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        ask(text);
      }}
    >
      {mistake && !shown && <Underline text={text} problem={mistake} left={left} />}
      <input
        ref={field}
        class="field search-field mono"
        type="text"
        role="combobox"
        aria-label="Search"
        aria-autocomplete="list"
        aria-expanded={shown}
        aria-controls={LIST}
        aria-activedescendant={shown && marked >= 0 ? offerId(LIST, marked) : undefined}
        aria-invalid={mistake !== undefined}
        aria-describedby={mistake ? MISTAKE_ID : undefined}
        placeholder="Search: words, service:api, duration:>100ms, or WHERE …"
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        enterkeyhint="search"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setOpen(true);
          moved(event);
        }}
        onFocus={() => setOpen(!text)}
        onBlur={() => setOpen(false)}
        onClick={(event) => {
          setOpen(true);
          moved(event);
        }}
        onKeyDown={keyed}
        onKeyUp={moved}
        onScroll={moved}
      />
      <span class="search-signs row">
        {text && (
          <button
            type="button"
            class="button quiet small search-sign"
            aria-label="Clear the search"
            onClick={() => ask("")}
          >
            ✕
          </button>
        )}
        <SearchHelp take={ask} />
      </span>
      {shown && <OfferList id={LIST} offers={offers} marked={marked} take={take} mark={setMarked} />}
      {mistake && !shown && <Mistake problem={mistake} />}
    </form>
  );
}

/** Whether a problem is about the search itself, not about the server or who asks. */
function notUnderstood(problem: Problem): boolean {
  return problem.position !== undefined || problem.status === 400 || problem.status === 422;
}
