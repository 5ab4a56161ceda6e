import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, connection } from "../lib/connection.ts";
import { useStore } from "../lib/store.ts";
import { useTRPC } from "../lib/trpc.ts";

/** A page that asks for nothing by itself would not know. */
const ASK_MS = 10_000;

/** What is shown may be old while changes are not heard, or nothing can be read. */
export function ConnectionBanner() {
  const { t } = useTranslation();
  useQuery(useTRPC().user.me.queryOptions(undefined, { refetchInterval: ASK_MS, refetchIntervalInBackground: true }));
  const isHeard = useStore(connection) !== "lost";
  const answered = useStore(answer);
  const isLost = !isHeard || answered === "unreachable";
  return (
    <div role="status" className="connection" data-state={isLost || answered === "unavailable" ? "lost" : undefined}>
      {isLost ? t("connection.lost") : answered === "unavailable" && t("connection.unavailable")}
    </div>
  );
}
