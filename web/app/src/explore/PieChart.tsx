/** Parts of a whole: up to ten, the smallest together. The values stand beside it, since angles are hard to compare. */
import { percent } from "../format/number";
import { label, OTHER, type Picture, SERIES } from "./pivot";
import type { Format } from "./units";

interface Slice {
  name: string;
  value: number;
  color: string;
}

export function PieChart({ picture, format, name }: { picture: Picture; format: Format; name: (x: string) => string }) {
  const slices = slicesOf(picture, name);
  const total = slices.reduce((sum, slice) => sum + slice.value, 0);
  if (!(total > 0)) return <p class="quiet-text pie">Nothing above zero to divide.</p>;
  let turned = 0;
  return (
    <div class="pie">
      <svg viewBox="-1 -1 2 2" role="img" aria-label={`${slices.length} parts of ${format(total)}`}>
        {slices.map((slice) => {
          const from = turned;
          turned += slice.value / total;
          return (
            <path
              key={slice.name}
              d={sector(from, turned)}
              fill={`var(${slice.color})`}
              stroke="var(--paper)"
              stroke-width="0.012"
            >
              <title>{`${slice.name}: ${format(slice.value)}`}</title>
            </path>
          );
        })}
      </svg>
      <ul class="pie-list small">
        {slices.map((slice) => (
          <li key={slice.name}>
            <span class="pie-key" style={{ background: `var(${slice.color})` }} aria-hidden="true" />
            <bdi class="cut spread">{slice.name}</bdi>
            <span class="number">{format(slice.value)}</span>
            <span class="number quiet-text">{percent(slice.value / total)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** From the first series; the greatest first. */
export function slicesOf(picture: Picture, name: (x: string) => string): Slice[] {
  const values = picture.series[0]?.values ?? [];
  const all = picture.x
    .map((cell, index) => ({ name: name(label(cell)), value: values[index] ?? 0 }))
    .filter((slice) => slice.value > 0)
    .sort((a, b) => b.value - a.value);
  const kept = all.length > SERIES ? all.slice(0, SERIES - 1) : all;
  const rest = all.slice(kept.length).reduce((sum, slice) => sum + slice.value, 0);
  const slices = kept.map((slice, index) => ({ ...slice, color: `--hue-${index}` }));
  return rest > 0 ? [...slices, { name: OTHER, value: rest, color: "--ink-3" }] : slices;
}

/** A sector between two shares of a turn, from twelve o'clock. A whole turn is two halves, for an arc that ends where it begins is none. */
export function sector(from: number, to: number): string {
  const at = (share: number) => `${fixed(Math.sin(share * 2 * Math.PI))} ${fixed(-Math.cos(share * 2 * Math.PI))}`;
  if (to - from > 0.9999) return `M0 -1A1 1 0 1 1 0 1A1 1 0 1 1 0 -1Z`;
  return `M0 0L${at(from)}A1 1 0 ${to - from > 0.5 ? 1 : 0} 1 ${at(to)}Z`;
}

function fixed(value: number): string {
  return String(Number(value.toFixed(5)));
}
