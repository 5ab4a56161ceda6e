import type { Container } from "@berth/spec/container.ts";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { SimulatedBadge } from "../../components/badge.tsx";
import type { Column } from "../../components/table/arrange.ts";
import { RowMenu } from "../../components/table/row-menu.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { PhaseBadge } from "./phase-badge.tsx";
import { useContainerMenu } from "./use-container-menu.ts";
import { machineNameOf } from "./use-machine-names.ts";

export function useContainerColumns(
  withOwner: boolean,
  machineNames: Readonly<Record<string, string>>,
): Column<Container>[] {
  const { t } = useTranslation();
  const menuOf = useContainerMenu();
  return useMemo(
    () => [
      {
        key: "name",
        title: t("containers.name"),
        isEssential: true,
        value: ({ name, display_name }) => display_name ?? name,
        render: ({ container_id, name, display_name, simulated }) => (
          <>
            <Link to="/containers/$containerId" params={{ containerId: String(container_id) }}>
              <strong>{display_name ?? name}</strong>
            </Link>{" "}
            {display_name && <span className="quiet">{name}</span>} {simulated && <SimulatedBadge />}
          </>
        ),
      },
      {
        key: "state",
        title: t("containers.state"),
        width: 170,
        isEssential: true,
        value: ({ phase }) => phase,
        render: (container) => <PhaseBadge container={container} />,
      },
      ...(withOwner
        ? [
            {
              key: "owner",
              title: t("containers.owner"),
              width: 130,
              value: ({ account }: Container) => account,
              render: ({ account }: Container) => account,
            },
          ]
        : []),
      {
        key: "image",
        title: t("containers.image"),
        value: ({ image }) => image,
        render: ({ image }) => <span title={image}>{image}</span>,
      },
      {
        key: "machine",
        title: t("containers.machine"),
        width: 150,
        value: ({ machine_id }) => machineNameOf(machine_id, machineNames),
        render: ({ machine_id }) =>
          machine_id ? machineNameOf(machine_id, machineNames) : <span className="quiet">{t("common.none")}</span>,
      },
      {
        key: "gpus",
        title: t("containers.gpus"),
        width: 160,
        value: ({ gpus }) => gpus.length,
        render: ({ gpus }) =>
          gpus.length === 0 ? (
            <span className="quiet">{t("common.none")}</span>
          ) : (
            gpus.map(({ type, index }) => `${type} #${index}`).join(", ")
          ),
      },
      {
        key: "created",
        title: t("containers.created"),
        width: 130,
        value: ({ created_at }) => created_at,
        render: ({ created_at }) => <TimeAgo at={created_at} />,
      },
      {
        key: "actions",
        title: t("common.more"),
        width: 52,
        isEssential: true,
        align: "end",
        render: (container) => <RowMenu name={container.name} items={() => menuOf(container)} />,
      },
    ],
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `menuOf` does the same at every render
    [t, withOwner, machineNames],
  );
}
