import type { ManagedUser } from "@berth/spec/user.ts";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ListPage } from "../../components/table/list-page.tsx";
import { UNKEPT } from "../../lib/rows/keep-rows.ts";
import { useRows } from "../../lib/rows/use-rows.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { CreateUserDialog } from "./create-user-dialog.tsx";
import { QuotaDialog } from "./quota-dialog.tsx";
import { SetPasswordDialog } from "./set-password-dialog.tsx";
import { useUserColumns } from "./use-user-columns.tsx";

const route = getRouteApi("/inside/users");

/** For admins: who there is, what they hold, and what they may. */
export function UsersPage() {
  const { t } = useTranslation();
  const address = route.useSearch();
  const navigate = route.useNavigate();
  const [edited, setEdited] = useState<ManagedUser | null>(null);
  const [forgetful, setForgetful] = useState<ManagedUser | null>(null);
  const [isCreating, setCreating] = useState(false);
  const queryClient = useQueryClient();
  const { list } = useTRPC().user;
  const kept = useRows<ManagedUser>("user", "all", {
    idOf,
    page: (input) => queryClient.fetchQuery({ ...list.queryOptions(input), ...UNKEPT }),
  });
  const columns = useUserColumns({ onEditQuota: setEdited, onSetPassword: setForgetful });
  return (
    <>
      <ListPage
        name="users"
        title={t("users.title")}
        kept={kept}
        columns={columns}
        idOf={idOf}
        textOf={textOf}
        address={address}
        onAddress={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
        empty={null}
        noMatch={t("users.no_match")}
      >
        <Button type="primary" onClick={() => setCreating(true)}>
          {t("users.create")}
        </Button>
      </ListPage>
      {edited && <QuotaDialog user={edited} onClose={() => setEdited(null)} />}
      {forgetful && <SetPasswordDialog user={forgetful} onClose={() => setForgetful(null)} />}
      {isCreating && <CreateUserDialog onClose={() => setCreating(false)} />}
    </>
  );
}

const idOf = ({ user_id }: ManagedUser): string => String(user_id);
const textOf = ({ account, nickname, role }: ManagedUser): string => `${account} ${nickname ?? ""} ${role}`;
