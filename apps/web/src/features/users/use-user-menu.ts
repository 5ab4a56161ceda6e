import type { ManagedUser } from "@berth/spec/user.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, type MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { messageOf } from "../../lib/messages.ts";
import { useTRPC } from "../../lib/trpc.ts";

/** What an admin may do with an account in its row; what is lost by it is said first. */
export function useUserMenu(
  onEdit: (user: ManagedUser) => void,
): (user: ManagedUser) => NonNullable<MenuProps["items"]> {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const options = {
    onSettled: () => void queryClient.invalidateQueries(trpc.user.pathFilter()),
    onError: (error: { message: string }) => void message.error(messageOf(error), 8),
  };
  const update = useMutation(trpc.user.update.mutationOptions(options));
  const remove = useMutation(trpc.user.delete.mutationOptions(options));
  const confirm = (verb: "disable" | "remove", account: string, work: () => Promise<unknown>): void =>
    void modal.confirm({
      title: t(`users.${verb}_title`, { account }),
      content: t(`users.${verb}_text`),
      okText: t(`users.${verb}`),
      okButtonProps: { danger: true },
      cancelText: t("common.cancel"),
      onOk: () => work().catch(() => undefined), // it is told above
    });
  return (user) => {
    const { user_id, account, role, disabled } = user;
    return [
      { key: "quota", label: t("users.edit_quota"), onClick: () => onEdit(user) },
      {
        key: "role",
        label: t(role === "admin" ? "users.make_user" : "users.make_admin"),
        onClick: () => update.mutate({ user_id, role: role === "admin" ? "user" : "admin" }),
      },
      disabled
        ? { key: "enable", label: t("users.enable"), onClick: () => update.mutate({ user_id, disabled: false }) }
        : {
            key: "disable",
            label: t("users.disable"),
            onClick: () => confirm("disable", account, () => update.mutateAsync({ user_id, disabled: true })),
          },
      {
        key: "remove",
        danger: true,
        label: t("users.remove"),
        onClick: () => confirm("remove", account, () => remove.mutateAsync({ user_id })),
      },
    ];
  };
}
