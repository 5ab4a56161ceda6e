import type { ManagedUser } from "@berth/spec/user.ts";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Badge } from "../../components/badge.tsx";
import type { Column } from "../../components/table/arrange.ts";
import { RowMenu } from "../../components/table/row-menu.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { formatBytes } from "../../lib/sizes.ts";
import { type UserDialogs, useUserMenu } from "./use-user-menu.ts";

export function useUserColumns(dialogs: UserDialogs): Column<ManagedUser>[] {
  const { t } = useTranslation();
  const menuOf = useUserMenu(dialogs);
  return useMemo(() => {
    const held = (kind: "gpus" | "containers" | "images"): Column<ManagedUser> => ({
      key: kind,
      title: t(`profile.quota.${kind}`),
      width: 110,
      align: "end",
      value: ({ used }) => used[kind],
      render: ({ used, quota }) => shown(String(used[kind]), quota[kind]?.toString()),
    });
    return [
      {
        key: "account",
        title: t("users.account"),
        isEssential: true,
        value: ({ account }) => account,
        render: ({ account, nickname }) => (
          <>
            <strong>{account}</strong> {nickname !== null && <span className="quiet">{nickname}</span>}
          </>
        ),
      },
      {
        key: "role",
        title: t("users.role"),
        width: 140,
        isEssential: true,
        value: ({ role }) => role,
        render: ({ role, disabled }) => (
          <span className="badges">
            {role === "admin" && <Badge tone="busy">{t("users.roles.admin")}</Badge>}
            {disabled && <Badge tone="bad">{t("users.disabled")}</Badge>}
          </span>
        ),
      },
      held("gpus"),
      held("containers"),
      held("images"),
      {
        key: "storage",
        title: t("profile.quota.storage"),
        width: 170,
        align: "end",
        value: ({ used }) => used.storage,
        render: ({ used, quota }) =>
          shown(formatBytes(used.storage), quota.storage === null ? undefined : formatBytes(quota.storage)),
      },
      {
        key: "since",
        title: t("users.since"),
        width: 130,
        value: ({ created_at }) => created_at,
        render: ({ created_at }) => <TimeAgo at={created_at} />,
      },
      {
        key: "actions",
        title: t("common.more"),
        width: 52,
        isEssential: true,
        align: "end",
        render: (user) => <RowMenu name={user.account} items={() => menuOf(user)} />,
      },
    ];
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `menuOf` does the same at every render
  }, [t]);
}

const shown = (used: string, limit: string | undefined): string => (limit === undefined ? used : `${used} / ${limit}`);
