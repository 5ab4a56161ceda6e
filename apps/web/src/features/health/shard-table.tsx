import type { ReconcilersReport } from "@berth/spec/reconciler.ts";
import { useTranslation } from "react-i18next";
import { TimeAgo } from "../../components/time-ago.tsx";

type Shard = ReconcilersReport["shards"][number];
interface Run extends Omit<Shard, "shard"> {
  first: number;
  last: number;
}

/** Neighbours of one holder, since one moment, are one line: sixty-four equal ones tell nobody anything. */
export function ShardTable({ shards }: { shards: readonly Shard[] }) {
  const { t } = useTranslation();
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th scope="col">{t("health.shard")}</th>
          <th scope="col">{t("health.held_by")}</th>
          <th scope="col">{t("health.epoch")}</th>
          <th scope="col">{t("health.since")}</th>
        </tr>
      </thead>
      <tbody>
        {runsOf(shards).map(({ first, last, holder, epoch, since }) => (
          <tr key={first}>
            <th scope="row">{first === last ? first : `${first}–${last}`}</th>
            <td>{holder ? holder.slice(0, 8) : <span className="trouble">{t("health.nobody")}</span>}</td>
            <td>{epoch}</td>
            <td>{since && <TimeAgo at={since} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function runsOf(shards: readonly Shard[]): Run[] {
  const runs: Run[] = [];
  for (const { shard, ...rest } of shards) {
    const last = runs.at(-1);
    // Those that were taken by one statement have times that differ by less than a second.
    const isSame = last?.holder === rest.holder && last.epoch === rest.epoch && isNear(last.since, rest.since);
    if (isSame) last.last = shard;
    else runs.push({ first: shard, last: shard, ...rest });
  }
  return runs;
}

const isNear = (a: string | null, b: string | null): boolean =>
  a === b || (a !== null && b !== null && Math.abs(Date.parse(a) - Date.parse(b)) < 1_000);
