import type { ForeignContainer, Machine } from "@berth/spec/machine.ts";
import { useQuery } from "@tanstack/react-query";
import { Button, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Badge, type Tone } from "../../../components/badge.tsx";
import { Failure } from "../../../components/failure.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { ScrollingTable } from "../../../components/scrolling-table.tsx";

const TONES: Partial<Record<ForeignContainer["state"], Tone>> = { running: "good", dead: "bad", restarting: "busy" };

/** What is on a machine's Docker that is not Berth's, as the engine says when it is asked. */
export function ForeignContainers({ machine: { machine_id } }: { machine: Machine }) {
  const { t } = useTranslation();
  const foreign = useQuery(useTRPC().machine.foreign_containers.queryOptions({ machine_id }, { retry: false }));
  const columns: TableColumnsType<ForeignContainer> = [
    {
      title: t("machine.foreign_name"),
      dataIndex: "name",
      sorter: (a, b) => a.name.localeCompare(b.name),
      render: (name: string, { engine_id, unknown }) => (
        <span className="badges">
          <span title={engine_id}>{name || engine_id.slice(0, 12)}</span>
          {unknown && (
            <Badge tone="bad" title={t("machine.foreign_unknown_hint")}>
              {t("machine.foreign_unknown")}
            </Badge>
          )}
        </span>
      ),
    },
    { title: t("machine.foreign_image"), dataIndex: "image" },
    {
      title: t("machine.foreign_state"),
      dataIndex: "state",
      render: (state: ForeignContainer["state"], { status }) => (
        <Badge tone={TONES[state] ?? "quiet"} title={status}>
          {t(`machine.states.${state}`)}
        </Badge>
      ),
    },
    {
      title: t("machine.foreign_since"),
      dataIndex: "started_at",
      render: (at: string | null) => (at === null ? <span className="quiet">–</span> : <TimeAgo at={at} />),
    },
    {
      title: t("machine.foreign_gpus"),
      dataIndex: "gpus",
      render: (gpus: number[] | null) =>
        gpus === null ? (
          <span className="quiet">{t("machine.unknown")}</span>
        ) : gpus.length === 0 ? (
          <span className="quiet">{t("common.none")}</span>
        ) : (
          gpus.map((index) => `#${index}`).join(", ")
        ),
    },
    {
      title: t("machine.foreign_created"),
      dataIndex: "created_at",
      sorter: (a, b) => a.created_at.localeCompare(b.created_at),
      render: (at: string) => <TimeAgo at={at} />,
    },
  ];
  return (
    <>
      <div className="telemetry-head">
        <p className="quiet">{t("machine.foreign_text")}</p>
        <Button loading={foreign.isFetching} onClick={() => void foreign.refetch()}>
          {t("machine.refresh")}
        </Button>
      </div>
      {foreign.error && <Failure error={foreign.error} />}
      <ScrollingTable<ForeignContainer>
        rowKey="engine_id"
        columns={columns}
        dataSource={foreign.data?.containers ?? []}
        loading={foreign.isPending}
        label={t("machine.tabs.foreign")}
        minWidth={720}
        locale={{ emptyText: foreign.data ? t("machine.foreign_empty") : " " }}
      />
      {foreign.data && foreign.data.left_out > 0 && (
        <p className="quiet list-foot">{t("machine.foreign_cut", { count: foreign.data.left_out })}</p>
      )}
    </>
  );
}
