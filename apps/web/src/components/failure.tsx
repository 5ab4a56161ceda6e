import { useTranslation } from "react-i18next";
import { useSaid } from "../lib/said.ts";
import { messageOf } from "../lib/messages.ts";

/** What went wrong, where it went wrong, and what to do. With `onRetry` it is of what is read, not of what was done. */
export function Failure({ error, onRetry }: { error: { message: string }; onRetry?: () => void }) {
  const { t } = useTranslation();
  const say = useSaid();
  return (
    <div className="failure" role="alert">
      <span>{messageOf(error, { say, isRetried: onRetry !== undefined })}</span>
      {onRetry && (
        <button type="button" className="plain-button" onClick={onRetry}>
          {t("failure.retry")}
        </button>
      )}
    </div>
  );
}
