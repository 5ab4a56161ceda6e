import type { Container } from "@berth/spec/container.ts";
import type { Gpu, Machine } from "@berth/spec/machine.ts";
import type { MachineTelemetry } from "@berth/spec/telemetry.ts";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Badge } from "../../../components/badge.tsx";
import { formatMib } from "../../../lib/sizes.ts";
import { useTRPC } from "../../../lib/trpc.ts";
import { isFree } from "../../board/gpu-state.ts";
import { ScrollingTable } from "../../../components/scrolling-table.tsx";

interface Row extends Gpu {
  told: MachineTelemetry["gpus"][number] | undefined;
  /** Of those that the reader may see. */
  holders: Container[];
}

/** Each GPU of a machine: who holds it, what computes on it, and how it does. */
export function GpuTable({ machine, isAdmin }: { machine: Machine; isAdmin: boolean }) {
  const { t } = useTranslation();
  const { machine_id } = machine;
  const containers = useQuery(
    useTRPC().container.list.queryOptions({ machine_id, scope: isAdmin ? "all" : "mine", limit: 500 }),
  );
  const told = machine.telemetry?.stale === false ? machine.telemetry.gpus : [];
  const rows = machine.gpus.map((gpu): Row => ({
    ...gpu,
    told: told.find(({ uuid }) => uuid === gpu.uuid),
    holders: (containers.data?.items ?? []).filter(
      ({ gpus }) => machine.gpus_taken.includes(gpu.uuid) && gpus.some(({ uuid }) => uuid === gpu.uuid),
    ),
  }));
  const figure = (value: number | null | undefined, unit: string): string =>
    typeof value === "number" ? `${Math.round(value)}${unit}` : "–";
  const columns: TableColumnsType<Row> = [
    { title: "GPU", dataIndex: "index", width: 60 },
    {
      title: t("machine.gpu_type"),
      dataIndex: "type",
      render: (type: string, { uuid }) => <span title={uuid}>{type}</span>,
    },
    { title: t("machine.gpu_state"), key: "state", render: (_, row) => <Holders machine={machine} row={row} /> },
    {
      title: t("machine.gpu_utilization"),
      key: "utilization",
      align: "end",
      render: (_, row) => figure(row.told?.utilization, "%"),
    },
    {
      title: t("machine.gpu_memory"),
      key: "memory",
      align: "end",
      render: (_, row) =>
        typeof row.told?.memory_used === "number"
          ? `${formatMib(row.told.memory_used)} / ${formatMib(row.memory)}`
          : formatMib(row.memory),
    },
    {
      title: t("machine.gpu_temperature"),
      key: "temperature",
      align: "end",
      render: (_, row) => figure(row.told?.temperature, "°C"),
    },
    { title: t("machine.gpu_power"), key: "power", align: "end", render: (_, row) => figure(row.told?.power, " W") },
    { title: t("machine.gpu_processes"), key: "processes", render: (_, row) => <Processes row={row} /> },
  ];
  return (
    <section className="machine-section">
      <h2>{t("machine.gpus")}</h2>
      {rows.length === 0 ? (
        <p className="quiet">{t("machine.no_gpu")}</p>
      ) : (
        <ScrollingTable<Row>
          rowKey="uuid"
          columns={columns}
          dataSource={rows}
          label={t("machine.gpus")}
          minWidth={900}
        />
      )}
    </section>
  );
}

function Holders({ machine, row: { uuid, holders, told, ...gpu } }: { machine: Machine; row: Row }) {
  const { t } = useTranslation();
  const shared = machine.shared_gpus[uuid];
  const owners = [...new Set(told?.used_by.flatMap(({ owner }) => owner ?? []))];
  const isTaken = machine.gpus_taken.includes(uuid);
  return (
    <span className="badges">
      {holders.map(({ container_id, name, account }) => (
        <span key={container_id}>
          <Link to="/containers/$containerId" params={{ containerId: String(container_id) }}>
            {name}
          </Link>{" "}
          <span className="quiet">{account}</span>
        </span>
      ))}
      {holders.length === 0 && isTaken && <span>{owners.join(", ") || t("machine.gpu_taken")}</span>}
      {isFree(machine, { uuid, ...gpu }) && <Badge tone="good">{t("machine.gpu_free")}</Badge>}
      {machine.gpus_foreign.includes(uuid) && <Badge tone="busy">{t("machine.gpu_foreign")}</Badge>}
      {shared !== undefined && <span className="quiet">{t("machine.gpu_shared", { count: shared })}</span>}
    </span>
  );
}

/** Who is no admin is told no process ids. */
function Processes({ row: { told } }: { row: Row }) {
  const { t } = useTranslation();
  if (!told || told.used_by.length === 0) return <span className="quiet">{t("common.none")}</span>;
  return (
    <ul>
      {told.used_by.map(({ container_id, owner, pid, memory }) => (
        <li key={`${container_id} ${pid}`}>
          {[
            owner ?? t("machine.gpu_process_foreign"),
            pid !== null && t("machine.gpu_process", { pid }),
            memory !== null && formatMib(memory),
          ]
            .filter(Boolean)
            .join(" · ")}
        </li>
      ))}
    </ul>
  );
}
