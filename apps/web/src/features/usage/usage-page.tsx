import { DownloadOutlined } from "@ant-design/icons";
import { type GpuHours, UsageBucket } from "@berth/spec/usage.ts";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button, Segmented, Skeleton, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Badge } from "../../components/badge.tsx";
import { Empty } from "../../components/empty.tsx";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import { useFormat } from "../../lib/format.ts";
import { saveText } from "../../lib/save-text.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { usageCsv } from "./csv.ts";
import { dayBefore, readersTimeZone } from "./days.ts";
import { roundHours } from "./round-hours.ts";
import { UsageChart } from "./usage-chart.tsx";
import "./usage.css";

const route = getRouteApi("/inside/usage");
const RANGES = { week: 7, month: 30, quarter: 90, year: 365 } as const;
type Range = keyof typeof RANGES;
const CSV = "text/csv;charset=utf-8";

/** For admins: who held GPUs for how long. */
export function UsagePage() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = { from: search.from ?? dayBefore(29), to: search.to ?? dayBefore(0), by: search.by ?? "day" };
  const usage = useQuery(
    useTRPC().usage.gpu_hours.queryOptions(
      { ...range, time_zone: readersTimeZone() },
      { placeholderData: keepPreviousData },
    ),
  );
  const change = (part: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const preset = (Object.keys(RANGES) as Range[]).find(
    (name) => range.to === dayBefore(0) && range.from === dayBefore(RANGES[name] - 1),
  );
  const { data } = usage;
  return (
    <>
      <PageHead title={t("usage.title")}>
        {data && data.users.length > 0 && (
          <Button
            icon={<DownloadOutlined />}
            onClick={() => saveText(usageCsv(data), `gpu-hours-${range.from}-${range.to}.csv`, CSV)}
          >
            {t("usage.download")}
          </Button>
        )}
      </PageHead>
      <div className="usage-range">
        <Segmented
          aria-label={t("usage.range")}
          value={preset ?? ""}
          options={(Object.keys(RANGES) as Range[]).map((value) => ({ value, label: t(`usage.ranges.${value}`) }))}
          onChange={(name) => change({ from: dayBefore(RANGES[name as Range] - 1), to: undefined })}
        />
        <label>
          {t("usage.from")}{" "}
          <input
            type="date"
            value={range.from}
            max={range.to}
            onChange={({ target }) => change({ from: target.value || undefined })}
          />
        </label>
        <label>
          {t("usage.to")}{" "}
          <input
            type="date"
            value={range.to}
            min={range.from}
            onChange={({ target }) => change({ to: target.value || undefined })}
          />
        </label>
        <Segmented
          aria-label={t("usage.by")}
          value={range.by}
          options={UsageBucket.options.map((value) => ({ value, label: t(`usage.bys.${value}`) }))}
          onChange={(by) => change({ by })}
        />
      </div>
      <p className="quiet usage-hint">{t("usage.hint")}</p>
      {usage.error && <Failure error={usage.error} onRetry={() => void usage.refetch()} />}
      {usage.isPending && <Skeleton active title={false} paragraph={{ rows: 8 }} />}
      {data?.users.length === 0 && <Empty title={t("usage.empty_title")} text={t("usage.empty")} />}
      {data && data.users.length > 0 && (
        <>
          <UsageChart usage={data} userId={search.user} />
          <UsageTable
            usage={data}
            userId={search.user}
            onChoose={(user) => change({ user: user === search.user ? undefined : user })}
          />
        </>
      )}
    </>
  );
}

type UserHours = GpuHours["users"][number];

function UsageTable(props: { usage: GpuHours; userId: number | undefined; onChoose: (userId: number) => void }) {
  const { t } = useTranslation();
  const { number } = useFormat();
  const { usage, userId, onChoose } = props;
  const all = usage.users.reduce((sum, { total }) => sum + total, 0);
  const rounded = (hours: number): string => number(roundHours(hours));
  const columns: TableColumnsType<UserHours> = [
    {
      title: t("usage.account"),
      dataIndex: "account",
      sorter: (a, b) => a.account.localeCompare(b.account),
      render: (account: string, { user_id, deleted }) => (
        <>
          <button
            type="button"
            className="usage-user"
            aria-pressed={user_id === userId}
            aria-label={t("usage.highlight", { account })}
            onClick={() => onChoose(user_id)}
          >
            {account}
          </button>{" "}
          {deleted && <Badge tone="quiet">{t("usage.deleted")}</Badge>}
        </>
      ),
    },
    {
      title: t("usage.hours"),
      dataIndex: "total",
      align: "end",
      width: 140,
      sorter: (a, b) => a.total - b.total,
      render: rounded,
    },
    {
      title: t("usage.share"),
      key: "share",
      align: "end",
      width: 100,
      render: (_, { total }) => `${Math.round((100 * total) / all)}%`,
    },
  ];
  return (
    <>
      <p className="usage-total">
        {t("usage.total")}: <strong>{t("usage.own_hours", { hours: rounded(all) })}</strong>
      </p>
      <Table<UserHours>
        size="small"
        rowKey="user_id"
        columns={columns}
        dataSource={usage.users}
        pagination={false}
        virtual={usage.users.length > 100}
        scroll={usage.users.length > 100 ? { y: 560, x: 360 } : { x: 360 }}
      />
      {usage.users_left_out > 0 && <p className="quiet">{t("usage.left_out", { count: usage.users_left_out })}</p>}
    </>
  );
}
