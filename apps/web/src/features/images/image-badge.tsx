import type { Image, ImagePhase } from "@berth/spec/image.ts";
import { useTranslation } from "react-i18next";
import { useSaid } from "../../lib/said.ts";
import { Badge, type Tone } from "../../components/badge.tsx";

const TONES: Partial<Record<ImagePhase, Tone>> = { Ready: "good", Failed: "bad", Deleted: "quiet" };
const MAKING: readonly ImagePhase[] = ["Waiting", "Building", "Committing", "Mirroring", "Pushing", "Verifying"];

/** It is not there yet, and may still be. */
export const isMaking = ({ phase, desired }: Pick<Image, "phase" | "desired">): boolean =>
  desired === "present" && MAKING.includes(phase);

/** Where an image stands, with the reason on hover. */
export function ImageBadge({ image: { phase, message } }: { image: Pick<Image, "phase" | "message"> }) {
  const { t } = useTranslation();
  const say = useSaid();
  return (
    <Badge tone={TONES[phase] ?? "busy"} title={say(message) || undefined}>
      {t(`images.phase.${phase}`)}
    </Badge>
  );
}
