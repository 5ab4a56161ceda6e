import type { Machine } from "@berth/spec/machine.ts";
import { useTranslation } from "react-i18next";
import { Badge, SimulatedBadge } from "../../components/badge.tsx";
import { troublesOf } from "../board/troubles.ts";

/** How a machine is, at a glance. */
export function MachineBadges({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  return (
    <span className="badges">
      {machine.simulated && <SimulatedBadge />}
      <Badge tone={machine.online ? "good" : "bad"}>{t(machine.online ? "board.online" : "board.offline")}</Badge>
      {machine.state !== "active" && <Badge tone="busy">{t(`machines.states.${machine.state}`)}</Badge>}
      {machine.insecure && !machine.simulated && <Badge tone="bad">{t("machines.insecure")}</Badge>}
      {troublesOf(machine).length > 0 && <Badge tone="bad">{t("machines.trouble")}</Badge>}
    </span>
  );
}
