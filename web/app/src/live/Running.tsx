/** How long a span that has begun and not ended has been running; after an hour it is more likely that its end was never told. */
import { duration } from "../format/duration";
import { ago } from "../format/moment";
import { useNow } from "./now";

const LOST = 3_600_000;

export function Running({ since }: { since: string }) {
  const now = useNow();
  const began = Date.parse(since);
  if (now - began > LOST) return <span class="quiet-text">no end since {ago(since, now)}</span>;
  return (
    <span class="running">
      <span aria-hidden="true">… </span>running {duration(Math.max(0, Math.round((now - began) / 100) / 10))}
    </span>
  );
}
