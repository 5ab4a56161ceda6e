import type { Machine, MachineImage } from "@berth/spec/machine.ts";
import { useQuery } from "@tanstack/react-query";
import { Button, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Badge } from "../../../components/badge.tsx";
import { Failure } from "../../../components/failure.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { formatBytes } from "../../../lib/sizes.ts";
import { useTRPC } from "../../../lib/trpc.ts";
import { ScrollingTable } from "../../../components/scrolling-table.tsx";

/** What its engine holds, as it says when it is asked. */
export function MachineImages({ machine: { machine_id } }: { machine: Machine }) {
  const { t } = useTranslation();
  const images = useQuery(useTRPC().machine.images.queryOptions({ machine_id }, { retry: false }));
  const columns: TableColumnsType<MachineImage> = [
    {
      title: t("machine.image_name"),
      key: "name",
      render: (_, { name, tags, engine_image_id, foreign }) => (
        <span className="badges">
          <span title={engine_image_id}>{name ?? (tags.join(", ") || t("machine.image_untagged"))}</span>
          {foreign && <Badge tone="quiet">{t("machine.image_foreign")}</Badge>}
        </span>
      ),
    },
    {
      title: t("machine.image_size"),
      dataIndex: "size",
      align: "end",
      width: 120,
      sorter: (a, b) => a.size - b.size,
      render: formatBytes,
    },
    {
      title: t("machine.image_created"),
      dataIndex: "created_at",
      width: 160,
      sorter: (a, b) => a.created_at.localeCompare(b.created_at),
      render: (at: string) => <TimeAgo at={at} />,
    },
  ];
  return (
    <>
      <div className="telemetry-head">
        <p className="quiet">{t("machine.images_text")}</p>
        <Button loading={images.isFetching} onClick={() => void images.refetch()}>
          {t("machine.refresh")}
        </Button>
      </div>
      {images.error && <Failure error={images.error} />}
      <ScrollingTable<MachineImage>
        rowKey="engine_image_id"
        columns={columns}
        dataSource={images.data ?? []}
        loading={images.isPending}
        label={t("nav.images")}
        minWidth={640}
        locale={{ emptyText: images.data ? t("machine.images_empty") : " " }}
      />
    </>
  );
}
