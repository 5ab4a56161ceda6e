import { Button, Progress } from "antd";
import { useTranslation } from "react-i18next";
import { formatBytes } from "../../../lib/sizes.ts";

/** How much of the files has left the browser. */
export function UploadProgress({ done, total, onCancel }: { done: number; total: number; onCancel: () => void }) {
  const { t } = useTranslation();
  const text =
    done < total
      ? t("builds.uploading", { done: formatBytes(done), total: formatBytes(total) })
      : t("builds.upload_done");
  return (
    <div className="upload-progress">
      <span role="status">{text}</span>
      <Progress percent={total === 0 ? 0 : Math.floor((100 * done) / total)} status="active" aria-label={text} />
      {/* The form is off meanwhile, and this is not. */}
      <Button disabled={false} onClick={onCancel}>
        {t("builds.upload_cancel")}
      </Button>
    </div>
  );
}
