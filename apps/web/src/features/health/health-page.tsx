import type { ReconcilersReport } from "@berth/spec/reconciler.ts";
import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../components/said.tsx";
import { Badge } from "../../components/badge.tsx";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { formatBytes } from "../../lib/sizes.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { concernsOf } from "./concerns-of.ts";
import { ReconcilerCard } from "./reconciler-card.tsx";
import { ShardTable } from "./shard-table.tsx";
import "./health.css";

const REFRESH_MS = 4_000;

/** For admins: whether Berth does what it should, what holds it up, and what to do about that. */
export function HealthPage() {
  const { t } = useTranslation();
  const report = useQuery(useTRPC().reconciler.report.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  return (
    <>
      <PageHead title={t("health.title")} />
      {report.error && <Failure error={report.error} onRetry={() => void report.refetch()} />}
      {report.isPending && <Skeleton active title={false} paragraph={{ rows: 8 }} />}
      {report.data && <Report report={report.data} />}
    </>
  );
}

function Report({ report }: { report: ReconcilersReport }) {
  const { t } = useTranslation();
  const alive = report.reconcilers.filter((each) => each.alive);
  const concerns = concernsOf(report);
  return (
    <>
      <div className="health-verdict" data-well={concerns === 0 || undefined} role="status">
        <strong>{concerns === 0 ? t("health.well") : t("health.attention", { count: concerns })}</strong>
        <p>
          {alive.length === 0 && t("health.none_alive")}
          {concerns === 0 && t("health.well_hint", { count: alive.length })}
        </p>
      </div>
      <div className="sections">
        <section className="health-wide">
          <h2>{t("health.reconcilers")}</h2>
          <p className="quiet">{t("health.reconcilers_hint")}</p>
          {report.reconcilers.map((reconciler) => (
            <ReconcilerCard key={reconciler.holder} reconciler={reconciler} />
          ))}
        </section>
        <Part title={t("health.lag")} hint={t("health.lag_hint")} none={t("health.lag_none")}>
          {report.unobserved.map(({ noun, count, oldest_at }) => (
            <li key={noun}>
              <span>{t(`health.nouns.${noun as "container"}`, { defaultValue: noun })}</span>
              <span>
                {count} · {t("health.oldest")} <TimeAgo at={oldest_at} />
              </span>
            </li>
          ))}
        </Part>
        <Part title={t("health.unreachable")} hint={t("health.unreachable_hint")} none={t("health.unreachable_none")}>
          {report.unreachable.map(({ machine_id, name, message }) => (
            <li key={machine_id}>
              <strong>{name}</strong>
              <span className="trouble">
                <Said text={message} />
              </span>
            </li>
          ))}
          {report.unreachable_count > report.unreachable.length && (
            <li>{t("health.more", { count: report.unreachable_count - report.unreachable.length })}</li>
          )}
        </Part>
        <Part title={t("health.operations")} none={t("health.operations_none")}>
          {report.operations.map(({ image_id, name, phase, progress, total, since }) => (
            <li key={image_id}>
              <strong>{name}</strong>
              <span>
                <Badge tone="busy">{t(`images.phase.${phase as "Building"}`, { defaultValue: phase })}</Badge>{" "}
                {progress !== null && total !== null && `${formatBytes(progress)} / ${formatBytes(total)} `}
                {since && <TimeAgo at={since} />}
              </span>
            </li>
          ))}
        </Part>
        <Part title={t("health.resync")} hint={t("health.resync_hint")} none={t("health.nothing")}>
          {report.oldest_list && (
            <li>
              <strong>{report.oldest_list.name}</strong>
              <TimeAgo at={report.oldest_list.at} />
            </li>
          )}
        </Part>
        <section className="health-wide">
          <h2>{t("health.shard_table")}</h2>
          <p className="quiet">{t("health.shard_hint")}</p>
          <ShardTable shards={report.shards} />
        </section>
      </div>
    </>
  );
}

interface PartProps {
  title: string;
  hint?: string;
  /** In place of an empty list. */
  none: string;
  children: ReactNode;
}

function Part({ title, hint, none, children }: PartProps) {
  const isEmpty = !children || (Array.isArray(children) && children.flat().filter(Boolean).length === 0);
  return (
    <section>
      <h2>{title}</h2>
      {isEmpty ? (
        <p className="quiet">{none}</p>
      ) : (
        <>
          <ul className="rows">{children}</ul>
          {hint && <p className="quiet">{hint}</p>}
        </>
      )}
    </section>
  );
}
