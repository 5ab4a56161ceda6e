import { type AuditEntry, AuditNoun } from "@berth/spec/audit.ts";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button } from "antd";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import { SearchField } from "../../components/search-field.tsx";
import type { Column } from "../../components/table/arrange.ts";
import { ColumnChoice } from "../../components/table/column-choice.tsx";
import { DataTable } from "../../components/table/data-table.tsx";
import { useColumns } from "../../components/table/use-columns.ts";
import { TimeAgo } from "../../components/time-ago.tsx";
import { useTRPC } from "../../lib/trpc.ts";
import { nextCursor } from "../../lib/use-read-on.ts";
import { AuditedObject } from "./audited-object.tsx";
import { EntryDetails, textOf } from "./entry-details.tsx";
import { PersonFilter } from "./person-filter.tsx";
import { type NameOf, useAuditedNames } from "./use-audited-names.ts";
import "./audit.css";

const route = getRouteApi("/inside/audit");

/** For admins: who did what, newest first; of one person, one kind of object or one object, as the address says. */
export function AuditPage() {
  const { t } = useTranslation();
  const address = route.useSearch();
  const { noun, user, object } = address;
  const navigate = route.useNavigate();
  const change = (part: typeof address): void =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const entries = useInfiniteQuery(
    useTRPC().audit.list.infiniteQueryOptions(
      {
        limit: 100,
        ...(noun && { noun }),
        ...(user !== undefined && { user_id: user }),
        ...(object !== undefined && { object_id: object }),
      },
      { getNextPageParam: nextCursor },
    ),
  );
  const pages = entries.data?.pages ?? [];
  const rows = pages.flatMap(({ items }) => items);
  const columns = columnsOf(t, useAuditedNames(pages));
  const { shown, isNarrow, isHidden, toggle } = useColumns("audit", columns);
  const isFiltered = noun !== undefined || user !== undefined || object !== undefined;
  return (
    <>
      <PageHead title={t("audit.title")}>
        <PersonFilter
          userId={user}
          account={rows.find(({ user_id }) => user_id === user)?.account}
          onChoose={(userId) => change({ user: userId })}
        />
        <select
          className="plain-select"
          aria-label={t("audit.object")}
          value={noun ?? ""}
          onChange={({ target }) =>
            change({ noun: AuditNoun.options.find((known) => known === target.value), object: undefined })
          }
        >
          <option value="">{t("common.any", { what: t("audit.object") })}</option>
          {AuditNoun.options.map((value) => (
            <option key={value} value={value}>
              {t(`audit.nouns.${value}`)}
            </option>
          ))}
        </select>
        <SearchField label={t("audit.object_id")} text={object ?? ""} onSearch={(text) => change({ object: text })} />
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
        nothing={entries.isPending ? t("common.loading") : t(isFiltered ? "audit.no_match" : "audit.nothing")}
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

function columnsOf(t: TFunction, nameOf: NameOf): Column<AuditEntry>[] {
  return [
    { key: "at", title: t("audit.at"), width: 130, isEssential: true, render: ({ at }) => <TimeAgo at={at} /> },
    {
      key: "who",
      title: t("audit.who"),
      width: 120,
      isEssential: true,
      render: ({ user_id, account }) =>
        user_id === null ? (
          account
        ) : (
          <Link to="/audit" search={(before) => ({ ...before, user: user_id })}>
            {account}
          </Link>
        ),
    },
    {
      key: "what",
      title: t("audit.what"),
      width: 160,
      isEssential: true,
      render: (entry) => <EntryDetails entry={entry} name={nameOf(entry)} />,
    },
    {
      key: "object",
      title: t("audit.object"),
      width: 220,
      render: (entry) => <AuditedObject entry={entry} name={nameOf(entry)} />,
    },
    {
      key: "details",
      title: t("audit.details"),
      render: ({ details }) => <code className="details">{summaryOf(details)}</code>,
    },
    { key: "from", title: t("audit.from"), width: 140, render: ({ address }) => address },
  ];
}

const summaryOf = (details: AuditEntry["details"]): string =>
  Object.entries(details)
    .map(([name, value]) => `${name}=${textOf(value)}`)
    .join(" ");
