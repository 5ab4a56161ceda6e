import type { ManagedUser } from "@berth/spec/user.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, type MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { useQuestion } from "../../components/use-question.ts";
import { messageOf } from "../../lib/messages.ts";
import { useTRPC } from "../../lib/trpc.ts";

type Verb = "make_admin" | "make_user" | "disable" | "remove";

export interface UserDialogs {
  onEditQuota(user: ManagedUser): void;
  onSetPassword(user: ManagedUser): void;
}

/** What an admin may do with an account in its row; what is lost by it is said first. */
export function useUserMenu({
  onEditQuota,
  onSetPassword,
}: UserDialogs): (user: ManagedUser) => NonNullable<MenuProps["items"]> {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const ask = useQuestion();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const options = {
    onSettled: () => void queryClient.invalidateQueries(trpc.user.pathFilter()),
    onError: (error: { message: string }) => void message.error(messageOf(error), 8),
  };
  const update = useMutation(trpc.user.update.mutationOptions(options));
  const remove = useMutation(trpc.user.delete.mutationOptions(options));
  const confirm = (verb: Verb, account: string, work: () => Promise<unknown>): void =>
    ask({
      title: t(`users.${verb}_title`, { account }),
      text: t(`users.${verb}_text`),
      verb: t(`users.${verb}`),
      work,
    });
  return (user) => {
    const { user_id, account, disabled } = user;
    const [role, makeRole] =
      user.role === "admin" ? (["user", "make_user"] as const) : (["admin", "make_admin"] as const);
    return [
      { key: "quota", label: t("users.edit_quota"), onClick: () => onEditQuota(user) },
      { key: "password", label: t("users.set_password"), onClick: () => onSetPassword(user) },
      {
        key: "role",
        label: t(`users.${makeRole}`),
        onClick: () => confirm(makeRole, account, () => update.mutateAsync({ user_id, role })),
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
