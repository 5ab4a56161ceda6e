import type { Container } from "@berth/spec/container.ts";
import type { Machine } from "@berth/spec/machine.ts";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Meter } from "../../../components/meter.tsx";
import { formatMib } from "../../../lib/sizes.ts";
import { useTRPC } from "../../../lib/trpc.ts";
import { Sparkline } from "./sparkline.tsx";
import { useStats } from "./use-stats.ts";

const MIB = 1_048_576;
/** Telemetry is no change that is told: it is asked for. */
const REFRESH_MS = 5_000;

/** What it uses while it runs: processors and memory of the last minutes, and its GPUs of now. */
export function Usage({ container }: { container: Container }) {
  const { t } = useTranslation();
  const readings = useStats(container);
  const machines = useQuery(
    useTRPC().machine.list.queryOptions({ limit: 500 }, { refetchInterval: container.status ? REFRESH_MS : false }),
  );
  const machine = machines.data?.items.find(({ machine_id }) => machine_id === container.machine_id);
  const newest = readings.at(-1);
  const cores = readings.flatMap(({ cpu_cores }) => cpu_cores ?? []);
  const memory = readings.map((reading) => reading.memory);
  const coresNow = (cores.at(-1) ?? 0).toFixed(2);
  return (
    <section className="card">
      <h2>{t("containers.using")}</h2>
      {!container.status ? (
        <p className="quiet">{t("container.not_running")}</p>
      ) : !newest ? (
        <p className="quiet">{t("container.measuring")}</p>
      ) : (
        <div className="charts">
          <figure>
            <figcaption>
              {t("board.cpu")} <strong>{t("containers.cores", { count: Number(coresNow) })}</strong>
              {container.spec.cpus !== null && (
                <span className="quiet"> / {t("containers.cores", { count: container.spec.cpus })}</span>
              )}
            </figcaption>
            <Sparkline
              values={cores}
              most={container.spec.cpus ?? Math.max(1, ...cores)}
              label={t("container.chart_cpu", { now: coresNow, most: Math.max(0, ...cores).toFixed(2) })}
            />
          </figure>
          <figure>
            <figcaption>
              {t("container.memory")} <strong>{formatMib(newest.memory / MIB)}</strong>
              <span className="quiet"> / {formatMib(newest.memory_limit / MIB)}</span>
            </figcaption>
            <Sparkline
              values={memory}
              most={newest.memory_limit}
              label={t("container.chart_memory", {
                now: formatMib(newest.memory / MIB),
                most: formatMib(Math.max(...memory) / MIB),
              })}
            />
          </figure>
          {machine && <GpuMeters container={container} machine={machine} />}
        </div>
      )}
    </section>
  );
}

function GpuMeters({ container: { gpus }, machine: { telemetry } }: { container: Container; machine: Machine }) {
  if (!telemetry || telemetry.stale) return null;
  return gpus.map(({ uuid, index, type, memory }) => {
    const told = telemetry.gpus.find((gpu) => gpu.uuid === uuid);
    if (!told) return null;
    const used = told.memory_used === null ? "" : `${formatMib(told.memory_used)} / ${formatMib(memory)}`;
    return (
      <Meter
        key={uuid}
        label={`GPU ${index} ${type}`}
        share={told.utilization === null ? null : told.utilization / 100}
        text={used}
      />
    );
  });
}
