/** A small curve beside a number: no axes, the same scale from zero. */

export function Sparkline({
  values,
  color = "var(--ink-3)",
  width = 96,
  height = 20,
  label,
}: {
  values: (number | null)[];
  color?: string;
  width?: number;
  height?: number;
  label: string;
}) {
  const most = Math.max(...values.map((value) => value ?? 0), 0);
  const step = values.length > 1 ? width / (values.length - 1) : width;
  let path = "";
  let pen = "M";
  values.forEach((value, index) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const y = most ? height - 1 - (value / most) * (height - 2) : height - 1;
    path += `${pen}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  });
  return (
    <svg
      class="sparkline"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path d={path} fill="none" stroke={color} stroke-width="1.25" stroke-linejoin="round" />
    </svg>
  );
}
