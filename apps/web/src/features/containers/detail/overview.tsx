import type { Container } from "@berth/spec/container.ts";
import { useQuery } from "@tanstack/react-query";
import { Descriptions, type DescriptionsProps } from "antd";
import { useTranslation } from "react-i18next";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { useFormat } from "../../../lib/format.ts";
import { formatMib } from "../../../lib/sizes.ts";
import { useTRPC } from "../../../lib/trpc.ts";
import { Connect } from "./connect.tsx";
import { Kept } from "./kept.tsx";
import { PortTable } from "./port-table.tsx";
import { Usage } from "./usage.tsx";

/** How one gets in, what it uses, what it is, and what is kept of it. */
export function Overview({ container }: { container: Container }) {
  const { t } = useTranslation();
  const { number } = useFormat();
  const machines = useQuery(useTRPC().machine.list.queryOptions({ limit: 500 }));
  const { spec, gpus, mounts } = container;
  const machine = machines.data?.items.find(({ machine_id }) => machine_id === container.machine_id);
  const limits = [
    spec.cpus !== null && t("containers.cores", { count: spec.cpus }),
    spec.memory !== null && formatMib(spec.memory),
  ];
  const row = (key: string, label: string, children: React.ReactNode) => ({ key, label, children });
  const rows: NonNullable<DescriptionsProps["items"]> = [
    row("image", t("containers.image"), container.image),
    row("machine", t("containers.machine"), machine?.name ?? t("common.none")),
    row(
      "gpus",
      t("containers.gpus"),
      gpus.map(({ type, index }) => `${type} #${index}`).join(", ") || t("common.none"),
    ),
    row("limits", t("containers.limits"), limits.filter(Boolean).join(" · ") || t("containers.unlimited")),
    row("owner", t("containers.owner"), container.account),
    row("created", t("containers.created"), <TimeAgo at={container.created_at} />),
  ];
  if (container.restarts > 0) rows.push(row("restarts", t("containers.restarts"), number(container.restarts)));
  if (container.exit_code !== null && !container.status) {
    rows.push(row("exit", t("containers.exit_code"), container.exit_code));
  }
  if (mounts.length > 0) {
    const text = mounts.map(({ storage, path }) => `${storage} → ${path}`).join(", ");
    rows.push(row("mounts", t("containers.mounts"), `${text} (${t("containers.not_saved")})`));
  }
  return (
    <div className="overview">
      <Connect container={container} />
      <Usage key={container.uid} container={container} />
      <section className="card">
        <h2>{t("container.details")}</h2>
        <Descriptions size="small" column={1} items={rows} />
        <PortTable container={container} host={machine?.ip ?? null} />
      </section>
      <Kept container={container} />
    </div>
  );
}
