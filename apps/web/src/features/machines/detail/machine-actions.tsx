import type { Machine } from "@berth/spec/machine.ts";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ForgetDialog } from "../forget-dialog.tsx";
import { isAnotherEngine, useMachineActions } from "../use-machine-actions.tsx";

interface Action {
  key: string;
  label: string;
  hint: string;
  isDanger?: boolean;
  isDisabled?: boolean;
  onClick(): void;
}

/** What an admin may do with a machine, from the least to the most. */
export function MachineActions({ machine, onGone }: { machine: Machine; onGone: () => void }) {
  const { t } = useTranslation();
  const [isForgetting, setForgetting] = useState(false);
  const { setState, drain, decommission, adopt, remove } = useMachineActions({ onGone });
  const { state, online } = machine;
  const actions: (Action | false)[] = [
    state === "active" && {
      key: "cordon",
      label: t("machines.cordon"),
      hint: t("machine.cordon_hint"),
      onClick: () => setState(machine, "cordoned"),
    },
    state === "cordoned" && {
      key: "uncordon",
      label: t("machines.uncordon"),
      hint: t("machine.uncordon_hint"),
      onClick: () => setState(machine, "active"),
    },
    state !== "decommissioned" && {
      key: "drain",
      label: t("machines.drain"),
      hint: t("machine.drain_hint"),
      onClick: () => drain(machine),
    },
    isAnotherEngine(machine) && {
      key: "adopt",
      label: t("machines.adopt"),
      hint: t("machine.adopt_hint"),
      isDanger: true,
      onClick: () => adopt(machine),
    },
    state === "decommissioned"
      ? {
          key: "recommission",
          label: t("machine.recommission"),
          hint: t("machine.recommission_hint"),
          onClick: () => setState(machine, "active"),
        }
      : {
          key: "decommission",
          label: t("machine.decommission"),
          hint: t("machine.decommission_hint"),
          onClick: () => decommission(machine),
        },
    {
      key: "remove",
      label: t("machines.remove"),
      hint: t("machine.remove_hint"),
      isDanger: true,
      onClick: () => remove(machine),
    },
    {
      key: "forget",
      label: t("machine.forget"),
      hint: t(online ? "machine.forget_online" : "machine.forget_hint"),
      isDanger: true,
      isDisabled: online,
      onClick: () => setForgetting(true),
    },
  ];
  return (
    <section>
      <h2>{t("machine.actions")}</h2>
      <ul className="machine-actions">
        {actions
          .filter((action) => action !== false)
          .map(({ key, label, hint, isDanger = false, isDisabled = false, onClick }) => (
            <li key={key}>
              <span className="quiet">{hint}</span>
              <Button danger={isDanger} disabled={isDisabled} onClick={onClick}>
                {label}
              </Button>
            </li>
          ))}
      </ul>
      {isForgetting && <ForgetDialog machine={machine} onClose={() => setForgetting(false)} onGone={onGone} />}
    </section>
  );
}
