import type { Machine } from "@berth/spec/machine.ts";
import type { MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { isAnotherEngine, useMachineActions } from "./use-machine-actions.tsx";

/** What can be done with a machine in its row. */
export function useMachineMenu(): (machine: Machine) => NonNullable<MenuProps["items"]> {
  const { t } = useTranslation();
  const { setState, drain, remove, adopt } = useMachineActions();
  return (machine) => {
    const isCordoned = machine.state === "cordoned";
    return [
      {
        key: "cordon",
        label: t(isCordoned ? "machines.uncordon" : "machines.cordon"),
        onClick: () => setState(machine, isCordoned ? "active" : "cordoned"),
      },
      { key: "drain", label: t("machines.drain"), onClick: () => drain(machine) },
      ...(isAnotherEngine(machine)
        ? [{ key: "adopt", label: t("machines.adopt"), onClick: () => adopt(machine) }]
        : []),
      { key: "remove", danger: true, label: t("machines.remove"), onClick: () => remove(machine) },
    ];
  };
}
