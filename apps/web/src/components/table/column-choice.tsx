import { useId } from "react";
import { useTranslation } from "react-i18next";

interface ColumnChoiceProps {
  columns: readonly { key: string; title: string; isEssential?: true }[];
  isHidden: (key: string) => boolean;
  onToggle: (key: string) => void;
}

/** Which columns are shown. The browser's own popover closes by Esc or a click elsewhere, and gives the focus back. */
export function ColumnChoice({ columns, isHidden, onToggle }: ColumnChoiceProps) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <>
      <button type="button" className="plain-button column-choice-button" popoverTarget={id}>
        {t("common.columns")}
      </button>
      <div id={id} popover="auto" className="popover-card column-choice" role="group" aria-label={t("common.columns")}>
        {columns
          .filter(({ isEssential }) => !isEssential)
          .map(({ key, title }) => (
            <label key={key}>
              <input type="checkbox" checked={!isHidden(key)} onChange={() => onToggle(key)} />
              {title}
            </label>
          ))}
      </div>
    </>
  );
}
