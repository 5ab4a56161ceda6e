import type { Machine } from "@berth/spec/machine.ts";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Empty } from "../../components/empty.tsx";
import { ListPage } from "../../components/table/list-page.tsx";
import { UNKEPT } from "../../lib/rows/keep-rows.ts";
import { useRows } from "../../lib/rows/use-rows.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { JoinDialog } from "./joining/join-dialog.tsx";
import { useJoinLine } from "./joining/use-join-line.ts";
import { useMachineColumns } from "./use-machine-columns.tsx";

const route = getRouteApi("/inside/machines");

/** For admins: the GPU servers, and how another one joins. */
export function MachinesPage() {
  const { t } = useTranslation();
  const { join: way, ...address } = route.useSearch();
  const navigate = route.useNavigate();
  const queryClient = useQueryClient();
  const { list } = useTRPC().machine;
  const kept = useRows<Machine>("machine", "all", {
    idOf,
    page: (input) => queryClient.fetchQuery({ ...list.queryOptions(input), ...UNKEPT }),
    isRestless: () => true, // their telemetry is
  });
  const columns = useMachineColumns();
  const line = useJoinLine();
  // Only a click makes a token: one comes here by a link, by going back, and by loading the page again, too.
  const openJoining = (): void => {
    if (line.isIdle) line.make();
    void navigate({ search: (before) => ({ ...before, join: "line" }) });
  };
  const join = (
    <Button type="primary" onClick={openJoining}>
      {t("machines.join")}
    </Button>
  );
  return (
    <>
      <ListPage
        name="machines"
        title={t("machines.title")}
        kept={kept}
        columns={columns}
        idOf={idOf}
        textOf={textOf}
        address={address}
        onAddress={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
        empty={
          <Empty title={t("board.empty_title")} text={t("machines.empty")}>
            {join}
          </Empty>
        }
        noMatch={t("machines.no_match")}
      >
        {join}
      </ListPage>
      {way && (
        <JoinDialog
          way={way}
          onWay={(join) => void navigate({ search: (before) => ({ ...before, join }), replace: true })}
          line={line}
          onClose={() => void navigate({ search: (before) => ({ ...before, join: undefined }), replace: true })}
        />
      )}
    </>
  );
}

const idOf = ({ machine_id }: Machine): string => machine_id;
const textOf = ({ name, ip, machine_id, gpus }: Machine): string =>
  [name, ip, machine_id, ...gpus.map(({ type }) => type)].join(" ");
