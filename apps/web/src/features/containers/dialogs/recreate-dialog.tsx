import type { Container, RecreateConsent } from "@berth/spec/container.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { ConsentChoice } from "./consent-choice.tsx";

/** Has it made anew as it is wanted now, with what is inside or without. */
export function RecreateDialog({ container, onClose }: { container: Container; onClose: () => void }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [consent, setConsent] = useState<RecreateConsent>("preserve");
  const recreate = useMutation(
    trpc.container.recreate.mutationOptions({
      onSuccess: onClose,
      onSettled: () => void queryClient.invalidateQueries(trpc.container.pathFilter()),
    }),
  );
  const { container_id, name } = container;
  return (
    <Modal
      open
      title={t("container_dialog.recreate_title", { name })}
      okText={t("container_dialog.recreate")}
      okButtonProps={{ danger: consent === "discard" }}
      confirmLoading={recreate.isPending}
      onOk={() => recreate.mutate({ container_id, recreate: consent })}
      onCancel={onClose}
    >
      <div className="dialog-text">
        <p>{t("container_dialog.recreate_text")}</p>
        <ConsentChoice container={container} value={consent} onChange={setConsent} />
        {recreate.error && <Failure error={recreate.error} />}
      </div>
    </Modal>
  );
}
