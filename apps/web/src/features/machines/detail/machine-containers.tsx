import type { Container } from "@berth/spec/container.ts";
import type { Machine } from "@berth/spec/machine.ts";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { PhaseBadge } from "../../containers/phase-badge.tsx";
import { ScrollingTable } from "../../../components/scrolling-table.tsx";

const AT_MOST = 500;

/** What Berth runs there: everybody's for an admin, else one's own. */
export function MachineContainers({ machine: { machine_id }, isAdmin }: { machine: Machine; isAdmin: boolean }) {
  const { t } = useTranslation();
  const containers = useQuery(
    useTRPC().container.list.queryOptions({ machine_id, scope: isAdmin ? "all" : "mine", limit: AT_MOST }),
  );
  const columns: TableColumnsType<Container> = [
    {
      title: t("containers.name"),
      dataIndex: "name",
      sorter: (a, b) => a.name.localeCompare(b.name),
      render: (name: string, { container_id, display_name }) => (
        <Link to="/containers/$containerId" params={{ containerId: String(container_id) }}>
          {display_name ?? name}
        </Link>
      ),
    },
    { title: t("containers.state"), key: "phase", render: (_, container) => <PhaseBadge container={container} /> },
    {
      title: t("containers.owner"),
      dataIndex: "account",
      sorter: (a, b) => a.account.localeCompare(b.account),
    },
    { title: t("containers.image"), dataIndex: "image" },
    {
      title: t("containers.gpus"),
      key: "gpus",
      render: (_, { gpus }) => gpus.map(({ type, index }) => `${type} #${index}`).join(", ") || t("common.none"),
    },
    { title: t("containers.created"), dataIndex: "created_at", render: (at: string) => <TimeAgo at={at} /> },
  ];
  return (
    <>
      {containers.error && <Failure error={containers.error} onRetry={() => void containers.refetch()} />}
      <ScrollingTable<Container>
        rowKey="container_id"
        columns={columns}
        dataSource={containers.data?.items ?? []}
        loading={containers.isPending}
        label={t("nav.containers")}
        minWidth={720}
        locale={{ emptyText: t(isAdmin ? "machine.containers_empty" : "machine.containers_empty_mine") }}
      />
      {typeof containers.data?.next_cursor === "string" && (
        <p className="quiet list-foot">{t("machine.containers_cut", { count: containers.data.items.length })}</p>
      )}
    </>
  );
}
