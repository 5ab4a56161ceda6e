import type { Image } from "@berth/spec/image.ts";
import { Alert, Progress } from "antd";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { formatBytes } from "../../../lib/sizes.ts";

/** How far an image is that is being saved, in bytes, and how it ended. */
export function SaveProgress({ image: { phase, progress, total, message, name } }: { image: Image }) {
  const { t } = useTranslation();
  if (phase === "Ready") return <Alert type="success" title={t("containers.save_ready", { name })} />;
  if (phase === "Failed")
    return <Alert type="error" title={t("containers.save_failed")} description={<Said text={message} />} />;
  return (
    <div role="status">
      <p>
        {t(`images.phase.${phase}`)}{" "}
        {progress !== null && total !== null && (
          <span className="quiet">
            {t("containers.save_progress", { done: formatBytes(progress), total: formatBytes(total) })}
          </span>
        )}
      </p>
      <Progress
        percent={progress === null || !total ? 0 : Math.floor((100 * progress) / total)}
        status="active"
        aria-label={t(`images.phase.${phase}`)}
      />
    </div>
  );
}
