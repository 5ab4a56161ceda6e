import type { Container, ContainerPhase } from "@berth/spec/container.ts";
import { useTranslation } from "react-i18next";
import { useSaid } from "../../lib/said.ts";
import { Badge, type Tone } from "../../components/badge.tsx";

const TONES: Partial<Record<ContainerPhase, Tone>> = {
  Running: "good",
  Stopped: "quiet",
  Completed: "quiet",
  BackOff: "bad",
  Failed: "bad",
  Unknown: "bad",
  RecreateRequired: "bad",
};

/** Where a container stands, with the reason on hover. */
export function PhaseBadge({ container: { phase, message, waiting } }: { container: Container }) {
  const { t } = useTranslation();
  const say = useSaid();
  return (
    <Badge tone={TONES[phase] ?? "busy"} title={say(message) || undefined}>
      {t(`containers.phase.${phase}`)}
      {waiting && ` · ${t("containers.place", { place: waiting.place })}`}
    </Badge>
  );
}
