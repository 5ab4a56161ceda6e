import type { Machine } from "@berth/spec/machine.ts";
import { useTranslation } from "react-i18next";
import { Badge, SimulatedBadge } from "../../components/badge.tsx";

/** How a machine is for who looks for a GPU: whether it answers, and who waits there. */
export function BoardBadges({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  return (
    <>
      {machine.simulated && <SimulatedBadge />}
      <Badge tone={machine.online ? "good" : "bad"}>{t(machine.online ? "board.online" : "board.offline")}</Badge>
      {machine.state === "cordoned" && <Badge tone="busy">{t("board.cordoned")}</Badge>}
      {machine.waiting > 0 && <Badge tone="busy">{t("board.waiting", { count: machine.waiting })}</Badge>}
      {machine.telemetry?.stale && <Badge tone="quiet">{t("board.stale")}</Badge>}
    </>
  );
}
