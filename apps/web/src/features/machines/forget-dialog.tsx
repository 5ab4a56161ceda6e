import type { Machine } from "@berth/spec/machine.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Input, Modal, Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { useTRPC } from "../../lib/trpc.ts";

const NAMED_AT_MOST = 10;

interface ForgetDialogProps {
  machine: Machine;
  onClose(): void;
  onGone(): void;
}

/** Asks for the machine's name before it is forgotten with all that was on it, and says what that is. */
export function ForgetDialog({ machine: { machine_id, name, containers: count }, onClose, onGone }: ForgetDialogProps) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [typed, setTyped] = useState("");
  const containers = useQuery(trpc.container.list.queryOptions({ machine_id, scope: "all", limit: NAMED_AT_MOST }));
  const forget = useMutation(
    trpc.machine.remove.mutationOptions({
      onSuccess: () => {
        void message.success(t("machine.forgotten", { name }));
        onClose();
        onGone();
      },
      onSettled: () => void queryClient.invalidateQueries(),
    }),
  );
  const named = containers.data?.items ?? [];
  const isTyped = typed.trim() === name;
  const submit = (): void => {
    if (isTyped && !forget.isPending) forget.mutate({ machine_id, force: true });
  };
  return (
    <Modal
      open
      title={t("machine.forget_title", { name })}
      onCancel={onClose}
      onOk={submit}
      okText={t("machine.forget")}
      okButtonProps={{ danger: true, disabled: !isTyped }}
      cancelText={t("common.cancel")}
      confirmLoading={forget.isPending}
    >
      <div className="dialog-text">
        <p>{t("machine.forget_text")}</p>
        <ul className="lost">
          <li>
            {count === 0 ? t("machine.forget_no_containers") : t("machine.forget_containers", { count })}
            {containers.isPending && count > 0 && <Skeleton active title={false} />}
            {named.length > 0 && (
              <ul>
                {named.map(({ container_id, name: container, account }) => (
                  <li key={container_id}>
                    {account}/{container}
                  </li>
                ))}
                {count > named.length && <li>{t("machine.forget_more", { count: count - named.length })}</li>}
              </ul>
            )}
          </li>
          <li>{t("machine.forget_kept")}</li>
          <li>{t("machine.forget_history")}</li>
        </ul>
        <label htmlFor="forget-name">{t("machine.forget_type", { name })}</label>
        <Input
          id="forget-name"
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          onPressEnter={submit}
        />
        {forget.error && <Failure error={forget.error} />}
      </div>
    </Modal>
  );
}
