/** A line of the last readings, oldest first, from nothing up to `most`. A picture beside its number, never alone. */
export function Sparkline({ values, most, label }: { values: readonly number[]; most: number; label: string }) {
  const step = WIDTH / (POINTS - 1);
  const start = WIDTH - (values.length - 1) * step;
  const points = values.map((value, index) => {
    const share = most <= 0 ? 0 : Math.min(1, Math.max(0, value / most));
    return `${(start + index * step).toFixed(1)},${(HEIGHT - 1 - share * (HEIGHT - 2)).toFixed(1)}`;
  });
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {points.length > 1 && (
        <>
          <polygon points={`${start.toFixed(1)},${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} />
          <polyline points={points.join(" ")} />
        </>
      )}
    </svg>
  );
}

const WIDTH = 300;
const HEIGHT = 44;
/** As many as are kept. */
const POINTS = 150;
