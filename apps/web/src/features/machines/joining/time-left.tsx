import { useTranslation } from "react-i18next";
import { useNow } from "../../../lib/clock.ts";
import { useFormat } from "../../../lib/format.ts";

/** How long something is still good, to the second; the exact time on hover. */
export function TimeLeft({ until }: { until: string }) {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const now = useNow(1_000);
  const seconds = Math.max(0, Math.ceil((Date.parse(until) - now) / 1_000));
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return (
    <time dateTime={until} title={exact(until)} className="quiet">
      {t("joining.left", { time })}
    </time>
  );
}
