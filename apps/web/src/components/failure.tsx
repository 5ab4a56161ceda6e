import { useTranslation } from "react-i18next";
import { messageOf } from "../lib/messages.ts";

/** What went wrong, where it went wrong, and what to do. */
export function Failure({ error, onRetry }: { error: { message: string }; onRetry?: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="failure" role="alert">
      <span>{messageOf(error)}</span>
      {onRetry && (
        <button type="button" className="plain-button" onClick={onRetry}>
          {t("failure.retry")}
        </button>
      )}
    </div>
  );
}
