import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { messageOf } from "../lib/messages.ts";

/** In the place of a page that failed: the rest of the console goes on. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  return (
    <section className="page-failure" role="alert">
      <h1>{t("failure.page")}</h1>
      <p>{t("failure.page_hint")}</p>
      <pre>{messageOf(error instanceof Error ? error : { message: String(error) })}</pre>
      <button type="button" className="plain-button" onClick={reset}>
        {t("failure.retry")}
      </button>
    </section>
  );
}

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <main className="page-failure">
      <h1>{t("failure.not_found")}</h1>
      <p>{t("failure.not_found_hint")}</p>
      <Link to="/">{t("failure.to_home")}</Link>
    </main>
  );
}
