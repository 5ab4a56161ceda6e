import type { Storage } from "@berth/spec/storage.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useTranslation } from "react-i18next";
import { useQuestion } from "../../components/use-question.ts";
import { messageOf } from "../../lib/messages.ts";
import { useTRPC } from "../../lib/trpc.ts";

/** Says what stays, then offers it no longer; where containers use it, which those are. */
export function useRemoveStorage(): (storage: Storage) => void {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const ask = useQuestion();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.storage.remove.mutationOptions({
      onSettled: () => void queryClient.invalidateQueries(trpc.storage.pathFilter()),
    }),
  );
  const work = async ({ storage_id, name }: Storage): Promise<void> => {
    try {
      await remove.mutateAsync({ storage_id });
    } catch (error) {
      modal.error({
        title: t("storages.not_removed", { name }),
        content: (
          <div className="dialog-text">
            <p>{messageOf(error instanceof Error ? error : { message: String(error) })}</p>
            <p className="quiet">{t("storages.not_removed_hint")}</p>
          </div>
        ),
        okText: t("common.close"),
      });
    }
  };
  return (storage) =>
    ask({
      title: t("storages.remove_title", { name: storage.name }),
      text: t("storages.remove_text"),
      verb: t("storages.remove"),
      work: () => work(storage),
    });
}
