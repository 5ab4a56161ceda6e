import type { Container } from "@berth/spec/container.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Modal } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";

interface RestoreDialogProps {
  container: Container;
  generation: number;
  onClose: () => void;
}

/** Brings back what a recreate has set aside. */
export function RestoreDialog({ container: { container_id, name }, generation, onClose }: RestoreDialogProps) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const restore = useMutation(
    trpc.container.restore.mutationOptions({
      onSuccess: onClose,
      onSettled: () => void queryClient.invalidateQueries(trpc.container.pathFilter()),
    }),
  );
  return (
    <Modal
      open
      title={t("container_dialog.restore_title", { name })}
      okText={t("container_dialog.restore")}
      confirmLoading={restore.isPending}
      onOk={() => restore.mutate({ container_id, generation })}
      onCancel={onClose}
    >
      <div className="dialog-text">
        <p>{t("container_dialog.restore_text")}</p>
        <p>{t("container_dialog.restore_back")}</p>
        {restore.error && <Failure error={restore.error} />}
      </div>
    </Modal>
  );
}
