import type { Machine } from "@berth/spec/machine.ts";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSaid } from "../../lib/said.ts";
import type { Column } from "../../components/table/arrange.ts";
import { RowMenu } from "../../components/table/row-menu.tsx";
import { formatMib } from "../../lib/sizes.ts";
import { troublesOf } from "../board/troubles.ts";
import { MachineBadges } from "./machine-badges.tsx";
import { useMachineMenu } from "./use-machine-menu.ts";

export function useMachineColumns(): Column<Machine>[] {
  const { t } = useTranslation();
  const menuOf = useMachineMenu();
  return useMemo(
    () => [
      {
        key: "name",
        title: t("machines.name"),
        isEssential: true,
        value: ({ name }) => name,
        render: ({ machine_id, name }) => (
          <Link to="/machines/$machineId" params={{ machineId: machine_id }} title={name}>
            <strong>{name}</strong>
          </Link>
        ),
      },
      {
        key: "state",
        title: t("machines.state"),
        width: 215,
        isEssential: true,
        value: (machine) => `${machine.online} ${machine.state}`,
        render: (machine) => <MachineState machine={machine} />,
      },
      {
        key: "address",
        title: t("machines.address"),
        width: 130,
        value: ({ ip }) => ip ?? "",
        render: ({ ip }) => ip ?? <span className="quiet">{t("machines.local")}</span>,
      },
      {
        key: "gpus",
        title: t("machines.gpus"),
        value: ({ gpus }) => gpus.length,
        render: ({ gpus, gpus_taken }) =>
          gpus.length === 0 ? t("common.none") : `${gpus_taken.length} / ${gpus.length} × ${gpus[0]?.type}`,
      },
      {
        key: "disk",
        title: t("machine.charts.disk"),
        value: ({ disk }) => disk?.free ?? 0,
        render: ({ disk }) =>
          disk &&
          (disk.free === null
            ? formatMib(disk.total)
            : t("machines.free_of", { free: formatMib(disk.free), total: formatMib(disk.total) })),
      },
      {
        key: "containers",
        title: t("machines.containers"),
        width: 110,
        align: "end",
        value: ({ containers }) => containers,
        render: ({ containers }) => containers,
      },
      {
        key: "docker",
        title: "Docker",
        width: 100,
        value: ({ engine_version }) => engine_version ?? "",
        render: ({ engine_version }) => engine_version,
      },
      {
        key: "actions",
        title: t("common.more"),
        width: 52,
        isEssential: true,
        align: "end",
        render: (machine) => <RowMenu name={machine.name} items={() => menuOf(machine)} />,
      },
    ],
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `menuOf` does the same at every render
    [t],
  );
}

/** What is wrong stands in words beside the badges, as far as there is room, and whole on hover. */
function MachineState({ machine }: { machine: Machine }) {
  const say = useSaid();
  const troubles = troublesOf(machine)
    .map(({ message }) => say(message))
    .join(" ");
  return (
    <span className="badges" title={troubles || undefined}>
      <MachineBadges machine={machine} />
      {troubles !== "" && <span className="trouble">{troubles}</span>}
    </span>
  );
}
