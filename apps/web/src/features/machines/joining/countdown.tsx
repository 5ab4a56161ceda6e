import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../../lib/format.ts";

const TICK_MS = 1_000;

/** How long something is still good, to the second; the exact time on hover. */
export function Countdown({ until }: { until: string }) {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((Date.parse(until) - now) / 1_000));
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return (
    <time dateTime={until} title={exact(until)} className="quiet">
      {t("joining.left", { time })}
    </time>
  );
}
