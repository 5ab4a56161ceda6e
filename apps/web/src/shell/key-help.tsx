import { useTranslation } from "react-i18next";
import { PALETTE_KEY } from "./keys.ts";
import { PlainDialog } from "./plain-dialog.tsx";

/** Which keys there are. */
export function KeyHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const keys = [
    [PALETTE_KEY, t("palette.key_palette")],
    ["/", t("palette.key_search")],
    ["↑ ↓", t("palette.key_rows")],
    ["Esc", t("palette.key_escape")],
    ["?", t("palette.key_help")],
  ] as const;
  return (
    <PlainDialog label={t("palette.keys")} className="key-help" onClose={onClose}>
      <h2>{t("palette.keys")}</h2>
      <dl>
        {keys.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" className="plain-button">
          {t("common.close")}
        </button>
      </form>
    </PlainDialog>
  );
}
