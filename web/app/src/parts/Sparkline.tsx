/** A small curve beside a number: no axes, the same scale from zero. A value alone between gaps is a dot. */

export function Sparkline({
  values,
  color = "var(--ink-3)",
  width = 96,
  height = 18,
  label,
}: {
  values: (number | null)[];
  color?: string;
  width?: number;
  height?: number;
  label: string;
}) {
  return (
    <svg
      class="sparkline"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path
        d={curve(values, width, height)}
        fill="none"
        stroke={color}
        stroke-width="1.25"
        stroke-linejoin="round"
        stroke-linecap="round"
      />
    </svg>
  );
}

/** The path; after each gap it begins anew, with a line of no length that its round ends make a dot. */
export function curve(values: (number | null)[], width: number, height: number): string {
  const most = Math.max(...values.map((value) => value ?? 0), 0);
  const step = values.length > 1 ? (width - 2) / (values.length - 1) : width / 2;
  let path = "";
  let drawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      drawing = false;
      return;
    }
    const x = (1 + index * step).toFixed(1);
    const y = (most ? height - 1.5 - (value / most) * (height - 3) : height - 1.5).toFixed(1);
    path += drawing ? `L${x} ${y}` : `M${x} ${y}h0`;
    drawing = true;
  });
  return path;
}
