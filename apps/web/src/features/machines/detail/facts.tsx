import type { Machine } from "@berth/spec/machine.ts";
import { Descriptions, type DescriptionsProps } from "antd";
import { useTranslation } from "react-i18next";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { useFormat } from "../../../lib/format.ts";
import { formatMib } from "../../../lib/sizes.ts";

/** A clock that is off by less is fine. */
const CLOCK_AGREES_MS = 1_000;

/** What a machine is, and what it told of itself last. */
export function Facts({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  const { number } = useFormat();
  const { telemetry, port_range, ip, url } = machine;
  const told = telemetry && !telemetry.stale ? telemetry : null;
  const used = (of: Machine["memory"]): string =>
    of === null
      ? t("machine.unknown")
      : of.free === null
        ? formatMib(of.total)
        : t("machine.used_of", { used: formatMib(of.total - of.free), total: formatMib(of.total) });
  const busy = [
    typeof told?.busy === "number" && t("machine.busy", { percent: Math.round(told.busy * 100) }),
    typeof told?.load === "number" && t("machine.load", { load: number(Number(told.load.toFixed(1))) }),
  ];
  const roles = [
    machine.runs_containers && t("machine.runs_containers"),
    machine.is_builder && t("machine.builds"),
  ].filter(Boolean);
  const clock = told?.clock_offset_ms ?? null;
  const rows: DescriptionsProps["items"] = [
    { key: "engine", label: t("machine.engine"), children: machine.engine_version ?? t("machine.unknown") },
    { key: "address", label: t("machine.address"), children: url ?? ip ?? t("machines.local") },
    { key: "cpu", label: t("machine.cpu"), children: [cpusOf(machine, t), ...busy].filter(Boolean).join(" · ") },
    { key: "memory", label: t("machine.memory"), children: used(machine.memory) },
    { key: "disk", label: t("machine.disk"), children: used(machine.disk) },
    ...(told?.driver ? [{ key: "driver", label: t("machine.driver"), children: told.driver }] : []),
    { key: "ports", label: t("machine.ports"), children: `${port_range.first}–${port_range.last}` },
    { key: "role", label: t("machine.role"), children: roles.join(" · ") || t("machine.no_role") },
    ...(machine.waiting > 0
      ? [
          {
            key: "waiting",
            label: t("machine.waiting"),
            children: t("machine.waiting_count", { count: machine.waiting }),
          },
        ]
      : []),
    ...(clock === null ? [] : [{ key: "clock", label: t("machine.clock"), children: clockText(clock, t) }]),
    {
      key: "reading",
      label: t("machine.reading"),
      children: telemetry ? <TimeAgo at={telemetry.seen_at} /> : t("machine.never_read"),
    },
    ...(machine.last_list_at
      ? [{ key: "list", label: t("machine.last_list"), children: <TimeAgo at={machine.last_list_at} /> }]
      : []),
    { key: "added", label: t("machine.added"), children: <TimeAgo at={machine.created_at} /> },
    { key: "id", label: t("machine.id"), children: <code>{machine.machine_id}</code> },
  ];
  return (
    <section className="machine-section">
      <h2>{t("machine.facts")}</h2>
      {told?.gpu_error && <p className="trouble facts-note">{told.gpu_error}</p>}
      <Descriptions size="small" bordered column={{ xs: 1, md: 2 }} items={rows} />
    </section>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

/** "2 × EPYC 9654, 192 cores in all"; of an engine that told only the sum, that. */
function cpusOf({ cpus, cores }: Machine, t: Translate): string {
  const sum = cores ?? cpus.reduce((before, cpu) => before + cpu.cores, 0);
  const [first] = cpus;
  if (!first) return t("machine.cores", { count: sum });
  return t("machine.cpu_of", { sockets: cpus.length, type: first.type, cores: sum });
}

function clockText(offsetMs: number, t: Translate): string {
  if (Math.abs(offsetMs) < CLOCK_AGREES_MS) return t("machine.clock_agrees");
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  return t(offsetMs > 0 ? "machine.clock_ahead" : "machine.clock_behind", { seconds });
}
