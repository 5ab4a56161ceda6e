import type { Container } from "@berth/spec/container.ts";
import { useNavigate } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { RowMenu } from "../../../components/table/row-menu.tsx";
import { containerDialog } from "../dialogs/dialog-store.ts";
import { useContainerActions } from "../use-container-actions.ts";
import { mayStart, useContainerMenu } from "../use-container-menu.ts";

const BESIDE = ["start", "stop", "restart", "edit", "save", "remove"] as const;

/** What is done with it most, and a menu with the rest. */
export function ContainerButtons({ container }: { container: Container }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const actions = useContainerActions();
  const menuOf = useContainerMenu();
  const { desired, waiting, moving } = container;
  const isGoing = desired === "removed";
  const isBusy = isGoing || moving !== null;
  const params = { containerId: String(container.container_id) };
  return (
    <>
      {mayStart(container) || isGoing ? (
        <Button type="primary" disabled={isBusy} onClick={() => actions.start(container)}>
          {t("containers.start")}
        </Button>
      ) : (
        <Button disabled={moving !== null} onClick={() => actions.stop(container)}>
          {t(waiting ? "container.leave_line" : "containers.stop")}
        </Button>
      )}
      <Button disabled={isBusy || waiting !== null} onClick={() => actions.restart(container)}>
        {t("containers.restart")}
      </Button>
      <Button disabled={isBusy} onClick={() => void navigate({ to: "/containers/$containerId/edit", params })}>
        {t("container.edit")}
      </Button>
      <Button disabled={isBusy} onClick={() => containerDialog.set({ kind: "save", container })}>
        {t("containers.save")}
      </Button>
      <Button danger disabled={isGoing} onClick={() => actions.remove(container)}>
        {t("containers.remove")}
      </Button>
      <RowMenu name={container.name} items={() => menuOf(container, BESIDE)} />
    </>
  );
}
