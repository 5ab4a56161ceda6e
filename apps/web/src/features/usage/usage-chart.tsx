import type { GpuHours } from "@berth/spec/usage.ts";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../lib/format.ts";
import { roundHours } from "./round-hours.ts";

/** All hours by bucket, and in front of them those of one user. The table beside it has every number. */
export function UsageChart({ usage: { buckets, users }, userId }: { usage: GpuHours; userId: number | undefined }) {
  const { t } = useTranslation();
  const { number } = useFormat();
  const one = users.find(({ user_id }) => user_id === userId);
  const rounded = (hours: number): string => number(roundHours(hours));
  const totals = buckets.map((_, at) => users.reduce((sum, { hours }) => sum + (hours[at] ?? 0), 0));
  const most = Math.max(...totals, 1 / 3600);
  return (
    <figure className="usage-chart">
      <figcaption>
        {one ? t("usage.chart_of", { account: one.account }) : t("usage.chart")}
        <span className="quiet">{rounded(most)}</span>
      </figcaption>
      <div
        className="usage-bars"
        role="img"
        aria-label={one ? t("usage.chart_of", { account: one.account }) : t("usage.chart")}
      >
        {buckets.map((from, at) => {
          const [all, own] = [totals[at] ?? 0, one?.hours[at] ?? 0];
          const text = one
            ? t("usage.point_of", { from, hours: rounded(all), own: rounded(own), account: one.account })
            : t("usage.point", { from, hours: rounded(all) });
          return (
            <span key={from} className="usage-bar" title={text}>
              <span style={{ blockSize: `${(100 * all) / most}%` }} data-quiet={one !== undefined || undefined}>
                {one && <span style={{ blockSize: all > 0 ? `${(100 * own) / all}%` : 0 }} />}
              </span>
            </span>
          );
        })}
      </div>
      <div className="usage-axis quiet" aria-hidden>
        <span>{buckets[0]}</span>
        {buckets.length > 1 && <span>{buckets.at(-1)}</span>}
      </div>
    </figure>
  );
}
