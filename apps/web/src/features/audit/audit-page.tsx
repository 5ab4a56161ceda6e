import { type AuditEntry, AuditNoun } from "@berth/spec/audit.ts";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import type { TFunction } from "i18next";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../components/said.tsx";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import type { Column } from "../../components/table/arrange.ts";
import { ColumnChoice } from "../../components/table/column-choice.tsx";
import { DataTable } from "../../components/table/data-table.tsx";
import { useColumns } from "../../components/table/use-columns.ts";
import { TimeAgo } from "../../components/time-ago.tsx";
import { useTRPC } from "../../lib/trpc.ts";

const route = getRouteApi("/inside/audit");

/** For admins: who did what, newest first. */
export function AuditPage() {
  const { t } = useTranslation();
  const { noun } = route.useSearch();
  const navigate = route.useNavigate();
  const entries = useInfiniteQuery(
    useTRPC().audit.list.infiniteQueryOptions(
      { limit: 100, ...(noun && { noun }) },
      { getNextPageParam: ({ next_cursor }) => next_cursor },
    ),
  );
  const columns = useMemo(() => columnsOf(t), [t]);
  const { shown, isNarrow, isHidden, toggle } = useColumns("audit", columns);
  const rows = entries.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <PageHead title={t("audit.title")}>
        <select
          className="plain-select"
          aria-label={t("audit.object")}
          value={noun ?? ""}
          onChange={({ target }) =>
            void navigate({ search: { noun: AuditNoun.options.find((known) => known === target.value) } })
          }
        >
          <option value="">{t("common.any", { what: t("audit.object") })}</option>
          {AuditNoun.options.map((value) => (
            <option key={value} value={value}>
              {t(`audit.nouns.${value}`)}
            </option>
          ))}
        </select>
        {!isNarrow && <ColumnChoice columns={columns} isHidden={isHidden} onToggle={toggle} />}
      </PageHead>
      {entries.error && <Failure error={entries.error} onRetry={() => void entries.refetch()} />}
      <DataTable
        label={t("audit.title")}
        columns={shown}
        rows={rows}
        idOf={({ audit_id }) => audit_id}
        sort={undefined}
        onSort={() => undefined}
        nothing={entries.isPending ? t("common.loading") : t("audit.nothing")}
        isBusy={entries.isPending}
      />
      {entries.hasNextPage && (
        <Button className="more" loading={entries.isFetchingNextPage} onClick={() => void entries.fetchNextPage()}>
          {t("audit.older")}
        </Button>
      )}
    </>
  );
}

function columnsOf(t: TFunction): Column<AuditEntry>[] {
  return [
    { key: "at", title: t("audit.at"), width: 130, isEssential: true, render: ({ at }) => <TimeAgo at={at} /> },
    { key: "who", title: t("audit.who"), width: 120, isEssential: true, render: ({ account }) => account },
    {
      key: "what",
      title: t("audit.what"),
      width: 160,
      isEssential: true,
      render: ({ action }) => <Said text={action} />,
    },
    {
      key: "object",
      title: t("audit.object"),
      width: 220,
      render: ({ noun, object_id }) => `${t(`audit.nouns.${noun}`)} ${object_id}`,
    },
    {
      key: "details",
      title: t("audit.details"),
      render: ({ details }) => (
        <code className="details" title={detailsOf(details)}>
          {detailsOf(details)}
        </code>
      ),
    },
    { key: "from", title: t("audit.from"), width: 140, render: ({ address }) => address },
  ];
}

const detailsOf = (details: AuditEntry["details"]): string =>
  Object.entries(details)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
