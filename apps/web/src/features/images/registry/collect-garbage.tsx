import type { RegistryStatus } from "@berth/spec/registry.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useSaid } from "../../../lib/said.ts";
import { useQuestion } from "../../../components/use-question.ts";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { messageOf } from "../../../lib/messages.ts";
import { formatBytes } from "../../../lib/sizes.ts";
import { useTRPC } from "../../../lib/trpc.ts";

/** Has garbage collected, and tells what the last collection freed. */
export function CollectGarbage({ status: { kind, state, collected } }: { status: RegistryStatus }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const ask = useQuestion();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const collect = useMutation(
    trpc.registry.collect.mutationOptions({
      onSuccess: () => void message.info(t("registry.collect_asked")),
      onError: (error) => void message.error(messageOf(error), 8),
      onSettled: () => void queryClient.invalidateQueries(trpc.registry.pathFilter()),
    }),
  );
  const isOurs = kind === "process" || kind === "container";
  const confirm = (): void =>
    ask({
      title: t("registry.collect_title"),
      text: t("registry.collect_text"),
      verb: t("registry.collect"),
      isHarmless: true,
      work: () => collect.mutateAsync(),
    });
  if (!isOurs) return kind === "external" && <span className="quiet">{t("registry.collect_not_ours")}</span>;
  return (
    <>
      <span className="quiet">{collected ? <Collected {...collected} /> : t("registry.never")}</span>
      <Button loading={state === "collecting" || collect.isPending} disabled={state !== "running"} onClick={confirm}>
        {t("registry.collect")}
      </Button>
    </>
  );
}

function Collected({ ended_at, before_bytes, after_bytes, failure }: NonNullable<RegistryStatus["collected"]>) {
  const { t } = useTranslation();
  const say = useSaid();
  if (failure !== null)
    return <span className="trouble">{t("registry.collect_failed", { message: say(failure) })}</span>;
  const sizes = { size: formatBytes(Math.max(0, before_bytes - after_bytes)), left: formatBytes(after_bytes) };
  return (
    <>
      {t("registry.collected")} <TimeAgo at={ended_at} />: {t("registry.freed", sizes)}
    </>
  );
}
