import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../lib/format.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { dayBefore, readersTimeZone } from "./days.ts";
import { roundHours } from "./round-hours.ts";

/** How long one has held GPUs lately. */
export function OwnGpuHours() {
  const { t } = useTranslation();
  const { number } = useFormat();
  const range = { from: dayBefore(29), to: dayBefore(0), by: "month" as const, time_zone: readersTimeZone() };
  const own = useQuery(useTRPC().usage.my_gpu_hours.queryOptions(range));
  if (!own.data) return null;
  const hours = own.data.users[0]?.total ?? 0;
  return (
    <p title={t("usage.hint")}>
      {t("usage.own")} <span className="quiet">{t("usage.own_hours", { hours: number(roundHours(hours)) })}</span>
    </p>
  );
}
