import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";

/** A page's name, which is the tab's too, and what can be done on it. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  return (
    <div className="page-head">
      <h1 tabIndex={-1}>{title}</h1>
      <div className="page-actions">{children}</div>
    </div>
  );
}
