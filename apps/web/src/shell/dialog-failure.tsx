import { useTranslation } from "react-i18next";
import { LoadFailure } from "../components/load-failure.tsx";
import { PlainDialog } from "./plain-dialog.tsx";

/** In the place of a dialog whose code did not come. */
export function DialogFailure({ onRetry, onClose }: { onRetry: () => void; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <PlainDialog label={t("failure.dialog")} className="key-help" onClose={onClose}>
      <LoadFailure onRetry={onRetry} />
      <form method="dialog">
        <button type="submit" className="plain-button">
          {t("common.close")}
        </button>
      </form>
    </PlainDialog>
  );
}
