import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useReport } from "./use-report.ts";

/** For admins, on every page: nothing is done while no reconciler lives. */
export function ReconcilerBanner() {
  const { t } = useTranslation();
  const report = useReport();
  if (!report.data || report.data.reconcilers.some(({ alive }) => alive)) return null;
  return (
    <div role="alert" className="connection" data-state="lost">
      {t("health.none_alive")} <Link to="/health">{t("health.see")}</Link>
    </div>
  );
}
