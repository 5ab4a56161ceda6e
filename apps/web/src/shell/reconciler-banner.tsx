import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTRPC } from "../lib/trpc.ts";

const REFRESH_MS = 30_000;

/** For admins, on every page: nothing is done while no reconciler lives. */
export function ReconcilerBanner() {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const me = useQuery(trpc.user.me.queryOptions());
  const report = useQuery(
    trpc.reconciler.report.queryOptions(undefined, {
      enabled: me.data?.role === "admin",
      refetchInterval: REFRESH_MS,
    }),
  );
  if (!report.data || report.data.reconcilers.some(({ alive }) => alive)) return null;
  return (
    <div role="alert" className="connection" data-state="lost">
      {t("health.none_alive")} <Link to="/health">{t("health.see")}</Link>
    </div>
  );
}
