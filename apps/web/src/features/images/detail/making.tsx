import type { ImageDetails } from "@berth/spec/image.ts";
import { Progress } from "antd";
import { useTranslation } from "react-i18next";
import { useSaid } from "../../../lib/said.ts";
import { useFormat } from "../../../lib/format.ts";
import { formatBytes } from "../../../lib/sizes.ts";
import { drafts } from "../build/build-draft.ts";
import { failedStepIn, lineOfStep, type Step } from "../failing-step.ts";
import { isMaking } from "../image-badge.tsx";

/** How far the making of an image is, or where and why it failed. */
export function Making({ image, log }: { image: ImageDetails; log: string }) {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const say = useSaid();
  const { phase, message, progress, total, next_retry_at } = image;
  const word = t(`images.phase.${phase}`);
  if (phase === "Failed") {
    const step = image.source === "build" ? failedStepIn(log, message) : null;
    return (
      <section className="making-failed" role="alert">
        <h2>{titleOf(image, step, t)}</h2>
        {step && <code>{step.instruction}</code>}
        <p>{say(message)}</p>
      </section>
    );
  }
  if (!isMaking(image)) return message === "" ? null : <p>{say(message)}</p>;
  return (
    <div role="status" className="making">
      <p>
        {word}
        {message !== "" && ` · ${say(message)}`}
        {progress !== null && total !== null && (
          <span className="quiet">
            {" "}
            {t("image.progress", { done: formatBytes(progress), total: formatBytes(total) })}
          </span>
        )}
        {next_retry_at !== null && (
          <span className="quiet"> {t("image.next_retry", { at: exact(next_retry_at) })}</span>
        )}
      </p>
      {progress !== null && total !== null && total > 0 && (
        <Progress percent={Math.floor((100 * progress) / total)} status="active" aria-label={word} />
      )}
    </div>
  );
}

function titleOf({ image_id }: ImageDetails, step: Step | null, t: ReturnType<typeof useTranslation>["t"]): string {
  if (!step) return t("image.failed");
  const line = failingLine(image_id, step);
  if (line !== null) return t("image.failed_at_line", { line });
  return t("image.failed_at_step", { step: step.number, total: step.total });
}

/** Where this browser still has what was built. */
export function failingLine(imageId: number, step: Step | null): number | null {
  const draft = step && drafts.read(`built-${imageId}`);
  return draft?.source === "text" ? lineOfStep(draft.dockerfile, step?.number ?? 0) : null;
}
