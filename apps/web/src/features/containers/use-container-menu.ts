import type { Container } from "@berth/spec/container.ts";
import { useNavigate } from "@tanstack/react-router";
import type { MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { containerDialog } from "./dialogs/dialog-store.ts";
import { useContainerActions } from "./use-container-actions.ts";

const VERBS = ["start", "stop", "restart", "edit", "save", "move", "recreate", "remove"] as const;
type Verb = (typeof VERBS)[number];

/** All that can be done with a container, without what its place offers already. */
export function useContainerMenu(): (
  container: Container,
  without?: readonly Verb[],
) => NonNullable<MenuProps["items"]> {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const actions = useContainerActions();
  return (container, without = []) => {
    const params = { containerId: String(container.container_id) };
    const labels: Record<Verb, string> = {
      start: t("containers.start"),
      stop: t("containers.stop"),
      restart: t("containers.restart"),
      edit: t("container.edit"),
      save: t("containers.save"),
      move: t("container.move"),
      recreate: t("container.recreate"),
      remove: t("containers.remove"),
    };
    const work: Record<Verb, () => void> = {
      start: () => actions.start(container),
      stop: () => actions.stop(container),
      restart: () => actions.restart(container),
      remove: () => actions.remove(container),
      edit: () => void navigate({ to: "/containers/$containerId/edit", params }),
      save: () => containerDialog.set({ kind: "save", container }),
      move: () => containerDialog.set({ kind: "move", container }),
      recreate: () => containerDialog.set({ kind: "recreate", container }),
    };
    return VERBS.filter((verb) => !without.includes(verb)).map((verb) => ({
      key: verb,
      label: labels[verb],
      danger: verb === "remove",
      disabled: !isPossible(verb, container),
      onClick: work[verb],
    }));
  };
}

/** One that has completed is wanted running still, and starts again when it is asked. */
export const mayStart = ({ desired, phase }: Container): boolean => desired === "stopped" || phase === "Completed";

function isPossible(verb: Verb, container: Container): boolean {
  if (container.desired === "removed") return false;
  if (verb === "start") return mayStart(container);
  if (verb === "stop") return container.desired === "running";
  return container.moving === null || verb === "remove";
}
