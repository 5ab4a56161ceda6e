import type { ImagePlace } from "@berth/spec/image.ts";
import { useQuery } from "@tanstack/react-query";
import { Said } from "../../../components/said.tsx";
import { ScrollingTable } from "../../../components/scrolling-table.tsx";

import { useTranslation } from "react-i18next";
import { Badge, SimulatedBadge, type Tone } from "../../../components/badge.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { formatBytes } from "../../../lib/sizes.ts";
import { useTRPC } from "../../../lib/trpc.ts";

const TONES: Record<ImagePlace["state"], Tone> = { waiting: "busy", pulling: "busy", present: "good", failed: "bad" };

/** The machines that have an image, or are about to. */
export function PlaceList({ places }: { places: ImagePlace[] }) {
  const { t } = useTranslation();
  const machines = useQuery(useTRPC().machine.list.queryOptions({ limit: 500 }));
  const machineOf = (id: string) => machines.data?.items.find(({ machine_id }) => machine_id === id);
  if (places.length === 0) return <p className="quiet">{t("image.machines_none")}</p>;
  return (
    <ScrollingTable<ImagePlace>
      rowKey="machine_id"
      label={t("image.machine")}
      minWidth={560}
      dataSource={places}
      columns={[
        {
          title: t("image.machine"),
          dataIndex: "machine_id",
          render: (id: string) => (
            <>
              <strong>{machineOf(id)?.name ?? id}</strong> {machineOf(id)?.simulated && <SimulatedBadge />}
            </>
          ),
        },
        {
          title: t("image.state"),
          key: "state",
          render: (_, { state, progress, total, message, prewarmed }) => (
            <span className="badges">
              <Badge tone={TONES[state]}>{t(`image.places.${state}`)}</Badge>
              {prewarmed && <Badge tone="quiet">{t("image.prewarmed")}</Badge>}
              {state === "pulling" && progress !== null && total !== null && (
                <span className="quiet">
                  {t("image.progress", { done: formatBytes(progress), total: formatBytes(total) })}
                </span>
              )}
              {message !== "" && (
                <span className={state === "failed" ? "trouble" : "quiet"}>
                  <Said text={message} />
                </span>
              )}
            </span>
          ),
        },
        {
          title: t("image.last_used"),
          dataIndex: "last_used_at",
          render: (at: string) => <TimeAgo at={at} />,
        },
      ]}
    />
  );
}
