import type { Machine } from "@berth/spec/machine.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useTranslation } from "react-i18next";
import { useQuestion } from "../../components/use-question.ts";
import { messageOf } from "../../lib/messages.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { DrainAnswer } from "./drain-answer.tsx";

/** Another engine answers where the machine was, as after it was installed anew. */
export const isAnotherEngine = ({ conditions }: Machine): boolean =>
  conditions.some(({ type, status }) => type === "IdentityMatches" && status === "false");

/** What an admin may ask for; what is lost by it is said first, and a refusal stays until it was read. */
export function useMachineActions({ onGone }: { onGone?: () => void } = {}) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const ask = useQuestion();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const options = {
    onSettled: () => void queryClient.invalidateQueries(trpc.machine.pathFilter()),
    onError: (error: { message: string }) =>
      void modal.error({ title: t("machine.not_done"), content: messageOf(error), okText: t("common.close") }),
  };
  const update = useMutation(trpc.machine.update.mutationOptions(options));
  const drain = useMutation(trpc.machine.drain.mutationOptions(options));
  const remove = useMutation(trpc.machine.remove.mutationOptions({ ...options, onSuccess: () => onGone?.() }));
  const adopt = useMutation(trpc.machine.adopt.mutationOptions(options));
  const asked = (verb: "drain" | "remove" | "adopt", { name }: Machine) => ({
    title: t(`machines.${verb}_title`, { name }),
    text: t(`machines.${verb}_text`),
    verb: t(`machines.${verb}`),
    isHarmless: verb === "drain",
  });
  return {
    setState: ({ machine_id }: Machine, state: "active" | "cordoned") => update.mutate({ machine_id, state }),
    adopt: (machine: Machine) =>
      ask({ ...asked("adopt", machine), work: () => adopt.mutateAsync({ machine_id: machine.machine_id }) }),
    remove: (machine: Machine) =>
      ask({ ...asked("remove", machine), work: () => remove.mutateAsync({ machine_id: machine.machine_id }) }),
    decommission: ({ machine_id, name }: Machine) =>
      ask({
        title: t("machine.decommission_title", { name }),
        text: t("machine.decommission_text"),
        verb: t("machine.decommission"),
        work: () => update.mutateAsync({ machine_id, state: "decommissioned" }),
      }),
    drain: (machine: Machine) =>
      ask({
        ...asked("drain", machine),
        async work() {
          const drained = await drain.mutateAsync({ machine_id: machine.machine_id });
          modal.info({
            title: t("machine.drain_done", { name: machine.name }),
            content: <DrainAnswer drained={drained} />,
            okText: t("common.close"),
          });
        },
      }),
  };
}
