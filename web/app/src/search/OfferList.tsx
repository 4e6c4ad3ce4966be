/** The list below the search box: what can be typed next, one of which may be marked by the arrow keys. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Offer } from "./offers";
import "./offers.css";

interface Props {
  id: string;
  offers: Offer[];
  marked: number;
  take: (offer: Offer) => void;
  mark: (index: number) => void;
}

const SIGNS: Record<Offer["kind"], string> = { key: "key", operator: "sign", value: "value", past: "before" };

export function offerId(list: string, index: number): string {
  return `${list}-${index}`;
}

export function OfferList({ id, offers, marked, take, mark }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (marked >= 0) place.current?.children[marked]?.scrollIntoView({ block: "nearest" });
  }, [marked]);
  return (
    <div class="offers" id={id} ref={place} role="listbox" aria-label="What can be typed next">
      {offers.map((offer, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the box takes the keys
        <div
          key={`${offer.kind} ${offer.insert}`}
          id={offerId(id, index)}
          class="offer"
          role="option"
          tabIndex={-1}
          aria-selected={index === marked}
          // The focus stays in the box.
          onPointerDown={(event) => event.preventDefault()}
          onPointerMove={() => mark(index)}
          onClick={() => take(offer)}
        >
          <span class="offer-show mono cut" dir="auto">
            {offer.show}
          </span>
          <span class="offer-detail quiet-text cut">{offer.detail}</span>
          <span class="offer-kind quiet-text">{SIGNS[offer.kind]}</span>
        </div>
      ))}
    </div>
  );
}
