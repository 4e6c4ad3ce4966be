/** Numbers for people: `12.4k`, `3.1 GB`, `4.2/s`, `1.8 %`. The exact value belongs into a title. */

const GROUPED = new Intl.NumberFormat("en-US");

/** With separators: `1,204`. */
export function exact(value: number): string {
  return GROUPED.format(value);
}

export function count(value: number): string {
  return scaled(value, ["", "k", "M", "G", "T"], "");
}

export function bytes(value: number): string {
  return scaled(value, ["B", "kB", "MB", "GB", "TB", "PB"], " ");
}

export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.1) return `${figures(perSecond * 60)}/min`;
  return `${count(perSecond)}/s`;
}

export function percent(share: number): string {
  if (share > 0 && share < 0.001) return "< 0.1 %";
  return `${figures(share * 100)} %`;
}

function scaled(value: number, units: string[], gap: string): string {
  let size = Math.abs(value);
  let step = 0;
  while (size >= 999.5 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  const sign = value < 0 ? "−" : "";
  const unit = units[step] ?? "";
  return `${sign}${step === 0 && Number.isInteger(size) ? size : figures(size)}${unit ? gap : ""}${unit}`;
}

function figures(value: number): string {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2)));
}
