/** How much of something is in use; without a bar where that is not known. */
export function Meter({ label, share, text }: { label: string; share: number | null; text: string }) {
  const percent = share === null ? null : Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div className="meter">
      <span className="meter-label">
        {label} <span className="quiet">{text}</span>
      </span>
      {percent !== null && (
        <>
          <span
            className="meter-bar"
            role="meter"
            aria-label={label}
            aria-valuenow={percent}
            aria-valuemin={0}
            aria-valuemax={100}
          >
            <span style={{ inlineSize: `${percent}%` }} data-level={percent >= 90 ? "high" : undefined} />
          </span>
          <span className="meter-percent">{percent}%</span>
        </>
      )}
    </div>
  );
}
