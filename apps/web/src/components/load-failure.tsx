import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

/** In the place of a part of the console whose code did not come; after an update it never will. */
export function LoadFailure({ onRetry }: { onRetry: () => void }) {
  const { t } = useTranslation();
  const [isOutdated, setOutdated] = useState(false);
  useEffect(() => {
    isPageOutdated().then(setOutdated, () => undefined); // a server that is away may have the code once it is back
  }, []);
  return (
    <div className="failure" role="alert">
      <span>{t(isOutdated ? "failure.outdated" : "failure.not_loaded")}</span>
      <button type="button" className="plain-button" onClick={isOutdated ? () => location.reload() : onRetry}>
        {t(isOutdated ? "failure.reload" : "failure.retry")}
      </button>
    </div>
  );
}

/** Whether the server has another console now than the one that this page began with. */
async function isPageOutdated(): Promise<boolean> {
  const own = document.querySelector<HTMLScriptElement>("script[type=module]");
  const response = await fetch("/", { cache: "no-cache" });
  return response.ok && own !== null && !(await response.text()).includes(new URL(own.src).pathname);
}
