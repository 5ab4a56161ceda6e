import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

export type Tone = "good" | "busy" | "bad" | "quiet" | "simulated";

export const Badge = ({ tone, title, children }: { tone: Tone; title?: string | undefined; children: ReactNode }) => (
  <span className={`badge badge-${tone}`} title={title}>
    {children}
  </span>
);

export function SimulatedBadge() {
  const { t } = useTranslation();
  return (
    <Badge tone="simulated" title={t("common.simulated_hint")}>
      {t("common.simulated")}
    </Badge>
  );
}
