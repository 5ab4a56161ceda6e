import { DeleteOutlined, EditOutlined } from "@ant-design/icons";
import type { Machine } from "@berth/spec/machine.ts";
import type { Storage } from "@berth/spec/storage.ts";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button, type TableColumnsType } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Badge } from "../../components/badge.tsx";
import { Empty } from "../../components/empty.tsx";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import { SearchField } from "../../components/search-field.tsx";
import { useTRPC } from "../../lib/trpc.ts";
import { StorageDialog } from "./storage-dialog.tsx";
import { useRemoveStorage } from "./use-remove-storage.tsx";
import { ScrollingTable } from "../../components/scrolling-table.tsx";

const route = getRouteApi("/inside/storages");
const AT_MOST = 500;

/** For admins: what containers may have mounted. */
export function StoragesPage() {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const { q = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const storages = useQuery(trpc.storage.list.queryOptions({ limit: AT_MOST }));
  const machines = useQuery(trpc.machine.list.queryOptions({ limit: 500 }));
  /** `new`, or the one that is edited. */
  const [open, setOpen] = useState<Storage | "new" | null>(null);
  const all = storages.data?.items ?? [];
  const items = all.filter((storage) => matches(storage, q));
  const columns = useColumns(machines.data?.items ?? [], setOpen);
  const create = (
    <Button type="primary" onClick={() => setOpen("new")}>
      {t("storages.create")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("storages.title")}>
        <SearchField
          text={q}
          onSearch={(text) => void navigate({ search: (before) => ({ ...before, q: text }), replace: true })}
        />
        {create}
      </PageHead>
      {storages.error && <Failure error={storages.error} onRetry={() => void storages.refetch()} />}
      {storages.data && all.length === 0 ? (
        <Empty title={t("storages.empty_title")} text={t("storages.empty")}>
          {create}
        </Empty>
      ) : (
        <>
          <p className="quiet storage-text">{t("storages.text")}</p>
          <ScrollingTable<Storage>
            rowKey="storage_id"
            columns={columns}
            dataSource={items}
            loading={storages.isPending}
            label={t("storages.title")}
            minWidth={760}
            locale={{ emptyText: storages.data ? t("storages.no_match") : " " }}
          />
          {typeof storages.data?.next_cursor === "string" && (
            <p className="quiet">{t("storages.cut", { count: all.length })}</p>
          )}
        </>
      )}
      {open !== null && (
        <StorageDialog
          storage={open === "new" ? null : open}
          machines={machines.data?.items ?? []}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}

const matches = (storage: Storage, text: string): boolean =>
  [storage.name, storage.display_name, storage.description, storage.path, storage.kind].some((each) =>
    each?.toLowerCase().includes(text.toLowerCase()),
  );

function useColumns(machines: readonly Machine[], onEdit: (storage: Storage) => void): TableColumnsType<Storage> {
  const { t } = useTranslation();
  const remove = useRemoveStorage();
  const nameOf = (id: string): string => machines.find(({ machine_id }) => machine_id === id)?.name ?? id;
  return [
    {
      title: t("storages.name"),
      dataIndex: "name",
      sorter: (a, b) => a.name.localeCompare(b.name),
      render: (_, { name, display_name, description }) => (
        <>
          <strong>{display_name ?? name}</strong> {display_name && <span className="quiet">{name}</span>}
          {description && <div className="quiet">{description}</div>}
        </>
      ),
    },
    {
      title: t("storages.kind"),
      key: "kind",
      sorter: (a, b) => a.kind.localeCompare(b.kind),
      render: (_, { kind, per_user }) => (
        <span className="badges">
          <Badge tone="quiet" title={t(`storages.kind_hint.${kind}`)}>
            {t(`storages.kinds.${kind}`)}
          </Badge>
          <span className="quiet">
            {kind === "dataset" ? t("storages.read_only") : t(per_user ? "storages.per_user" : "storages.shared")}
          </span>
        </span>
      ),
    },
    {
      title: t("storages.machine"),
      dataIndex: "machine_id",
      render: (id: string | null) =>
        id === null ? (
          t("storages.all_machines")
        ) : (
          <Link to="/machines/$machineId" params={{ machineId: id }}>
            {nameOf(id)}
          </Link>
        ),
    },
    {
      title: t("storages.source"),
      key: "source",
      render: (_, { path }) => (path === null ? t("storages.sources.volume") : <code>{path}</code>),
    },
    {
      key: "actions",
      title: <span className="visually-hidden">{t("common.more")}</span>,
      align: "end",
      width: 96,
      render: (_, storage) => (
        <>
          <Button
            type="text"
            icon={<EditOutlined />}
            aria-label={`${t("storages.edit")}: ${storage.name}`}
            onClick={() => onEdit(storage)}
          />
          <Button
            type="text"
            danger
            icon={<DeleteOutlined />}
            aria-label={`${t("storages.remove")}: ${storage.name}`}
            onClick={() => remove(storage)}
          />
        </>
      ),
    },
  ];
}
