import type { Machine } from "@berth/spec/machine.ts";
import { TelemetryRange } from "@berth/spec/telemetry.ts";
import { useQuery } from "@tanstack/react-query";
import { Segmented, Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../../components/failure.tsx";
import { lazily } from "../../../../components/lazily.tsx";
import { useTRPC } from "../../../../lib/trpc.ts";
import { chartsOf } from "./chart-data.ts";

const LineCharts = lazily(() => import("./line-charts.tsx"), "LineCharts", {
  fallback: <Skeleton active title={false} paragraph={{ rows: 8 }} />,
});

const HOUR_S = 3_600;
const BACK_S: Record<TelemetryRange, number> = { hour: HOUR_S, day: 24 * HOUR_S, month: 30 * 24 * HOUR_S };
/** A point of the shortest range is a minute. */
const REFRESH_MS = 60_000;

interface TelemetryViewProps {
  machine: Machine;
  range: TelemetryRange;
  onRange(range: TelemetryRange): void;
}

/** How busy a machine was, to the end of what was asked for last. */
export function TelemetryView({ machine, range, onRange }: TelemetryViewProps) {
  const { t } = useTranslation();
  const { machine_id } = machine;
  const history = useQuery(
    useTRPC().machine.telemetry.queryOptions({ machine_id, range }, { refetchInterval: REFRESH_MS }),
  );
  const to = Math.floor(history.dataUpdatedAt / 1_000);
  const charts = history.data ? chartsOf(machine, history.data) : [];
  return (
    <>
      <div className="telemetry-head">
        <h2>{t("machine.history")}</h2>
        <Segmented
          aria-label={t("machine.range_label")}
          value={range}
          options={TelemetryRange.options.map((value) => ({ value, label: t(`machine.range.${value}`) }))}
          onChange={onRange}
        />
      </div>
      {history.error && <Failure error={history.error} onRetry={() => void history.refetch()} />}
      {history.isPending && <Skeleton active title={false} paragraph={{ rows: 8 }} />}
      {history.data && charts.length === 0 && <p className="quiet">{t("machine.chart_empty")}</p>}
      {charts.length > 0 && (
        <>
          <p className="quiet">{t("machine.chart_hint")}</p>
          <div className="charts">
            <LineCharts charts={charts} span={[to - BACK_S[range], to]} />
          </div>
        </>
      )}
    </>
  );
}
