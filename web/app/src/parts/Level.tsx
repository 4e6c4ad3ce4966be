/** A level as its letter in its colour. Info says nothing, since most records are. */
import { levelLetter, levelName } from "../format/level";

export function Level({ level, quiet = false }: { level: number; quiet?: boolean }) {
  const name = levelName(level);
  if (quiet && level < 13) return <span class="level-mark" />;
  return (
    <span class={`level-mark mono level-${name}`} title={name}>
      <span aria-hidden="true">{levelLetter(level)}</span>
      <span class="unseen">{name}</span>
    </span>
  );
}
