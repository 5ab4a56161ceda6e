import type { ReconcilerHealth, ReconcilersReport } from "@berth/spec/reconciler.ts";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../components/said.tsx";
import { Badge } from "../../components/badge.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { useFormat } from "../../lib/format.ts";

/** One process: whether it lives, what it has, and what it says of itself. */
export function ReconcilerCard({ reconciler }: { reconciler: ReconcilersReport["reconcilers"][number] }) {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const { holder, alive, health, stale, told_at, shards, registered_at, expires_at } = reconciler;
  return (
    <article className="reconciler">
      <header>
        <h3>{t("health.holder", { id: holder.slice(0, 8) })}</h3>
        <Badge tone={alive ? "good" : "quiet"}>{t(alive ? "health.alive" : "health.dead")}</Badge>
        {alive && health && stale && <Badge tone="bad">{t("health.stale")}</Badge>}
      </header>
      {!alive && <p className="quiet">{t("health.dead_hint", { at: exact(expires_at) })}</p>}
      {alive && health && stale && <p className="trouble">{t("health.stale_hint")}</p>}
      {alive && !health && <p className="quiet">{t("health.untold")}</p>}
      {alive && (
        <dl className="facts">
          <Fact name={t("health.shards")}>{t("health.shards_of", { count: shards })}</Fact>
          {health && <Fact name={t("health.machines")}>{health.machines}</Fact>}
          {health && <Fact name={t("health.version")}>{health.version}</Fact>}
          <Fact name={t("health.started")}>
            <TimeAgo at={health?.started_at ?? registered_at} />
          </Fact>
          {told_at && (
            <Fact name={t("health.told")}>
              <TimeAgo at={told_at} />
            </Fact>
          )}
        </dl>
      )}
      {alive && health && <Queue health={health} />}
      {alive && health && health.breakers_open > 0 && <Breakers health={health} />}
    </article>
  );
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt className="quiet">{name}</dt>
    <dd>{children}</dd>
  </div>
);

function Queue({ health: { queue, longest_waiting, longest_running } }: { health: ReconcilerHealth }) {
  const { t } = useTranslation();
  const say = (work: ReconcilerHealth["longest_waiting"]): string =>
    work
      ? `${t(`health.kinds.${work.kind}`)} ${work.id} · ${t("health.seconds", { count: Math.round(work.ms / 1_000) })}`
      : t("health.nothing");
  return (
    <>
      <table className="plain-table">
        <caption>{t("health.queue")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("health.kind")}</th>
            <th scope="col">{t("health.waiting")}</th>
            <th scope="col">{t("health.running")}</th>
            <th scope="col">{t("health.delayed")}</th>
          </tr>
        </thead>
        <tbody>
          {queue.map(({ kind, waiting, running, delayed }) => (
            <tr key={kind}>
              <th scope="row">{t(`health.kinds.${kind}`)}</th>
              <td>{waiting}</td>
              <td>{running}</td>
              <td>{delayed}</td>
            </tr>
          ))}
          {queue.length === 0 && (
            <tr>
              <td colSpan={4}>{t("health.queue_empty")}</td>
            </tr>
          )}
        </tbody>
      </table>
      <p className="quiet">{t("health.queue_hint")}</p>
      <dl className="facts">
        <Fact name={t("health.longest_waiting")}>{say(longest_waiting)}</Fact>
        <Fact name={t("health.longest_running")}>{say(longest_running[0] ?? null)}</Fact>
      </dl>
    </>
  );
}

function Breakers({ health: { breakers, breakers_open } }: { health: ReconcilerHealth }) {
  const { t } = useTranslation();
  return (
    <>
      <h4>{t("health.breakers")}</h4>
      <p className="quiet">{t("health.breakers_hint")}</p>
      <ul className="rows">
        {breakers.map(({ machine_id, since, next_try_at, message }) => (
          <li key={machine_id}>
            <span>
              <strong>{machine_id}</strong>{" "}
              <span className="trouble">
                <Said text={message} />
              </span>
            </span>
            <span className="quiet">
              {t("health.since")} <TimeAgo at={since} /> · {t("health.next_try")}{" "}
              {next_try_at === null ? t("health.now") : <TimeAgo at={next_try_at} />}
            </span>
          </li>
        ))}
        {breakers_open > breakers.length && <li>{t("health.more", { count: breakers_open - breakers.length })}</li>}
      </ul>
    </>
  );
}
