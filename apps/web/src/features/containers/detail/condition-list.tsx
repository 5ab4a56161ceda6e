import type { Condition } from "@berth/spec/condition.ts";
import type { Container } from "@berth/spec/container.ts";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { containerDialog } from "../dialogs/dialog-store.ts";
import { useContainerActions } from "../use-container-actions.ts";

/** What is wrong with it, since when, and a way out where there is one. */
export function ConditionList({ container }: { container: Container }) {
  const told = container.conditions.filter(({ message }) => message !== "");
  if (told.length === 0) return null;
  return (
    <ul className="conditions">
      {told.map((condition) => (
        <li key={condition.type}>
          <span className="trouble">
            <Said text={condition.message} />
          </span>{" "}
          <span className="quiet">
            <Said text={condition.type} /> · <TimeAgo at={condition.since} />
          </span>{" "}
          <WayOut container={container} type={condition.type} />
        </li>
      ))}
    </ul>
  );
}

function WayOut({ container, type }: { container: Container } & Pick<Condition, "type">) {
  const { t } = useTranslation();
  const actions = useContainerActions();
  switch (type) {
    case "RecreateRequired":
      return (
        <Button size="small" onClick={() => containerDialog.set({ kind: "recreate", container })}>
          {t("container_dialog.recreate")}
        </Button>
      );
    case "GpusTaken":
      return (
        <Button size="small" onClick={() => actions.start(container)}>
          {t("containers.start")}
        </Button>
      );
    case "RecreateFailed":
    case "ImageLost":
      return (
        <Link to="/containers/$containerId/edit" params={{ containerId: String(container.container_id) }}>
          {t("container.edit")}
        </Link>
      );
    case "SshKeys":
      return <Link to="/profile">{t("nav.profile")}</Link>;
    default:
      return null;
  }
}
