import { type Container, ContainerPhase } from "@berth/spec/container.ts";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Segmented } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Empty } from "../../components/empty.tsx";
import { ListPage } from "../../components/table/list-page.tsx";
import { useRows } from "../../lib/rows/use-rows.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { idOf, useContainerSource } from "./container-source.ts";
import { useContainerColumns } from "./use-container-columns.tsx";
import { machineNameOf, useMachineNames } from "./use-machine-names.ts";

const route = getRouteApi("/inside/containers");
const SCOPES = ["mine", "all"] as const;

export function ContainersPage() {
  const { t } = useTranslation();
  const { scope = "mine", ...address } = route.useSearch();
  const navigate = route.useNavigate();
  const me = useQuery(useTRPC().user.me.queryOptions());
  const kept = useRows("container", scope, useContainerSource(scope));
  const machineNames = useMachineNames();
  const columns = useContainerColumns(scope === "all", machineNames);
  const textOf = useMemo(
    () =>
      ({ name, display_name, image, account, machine_id, phase }: Container): string =>
        [name, display_name, image, account, machineNameOf(machine_id, machineNames), phase].join(" "),
    [machineNames],
  );
  const filter = useMemo(
    () => ({
      label: t("containers.state"),
      options: ContainerPhase.options.map((value) => ({ value, label: t(`containers.phase.${value}`) })),
      valueOf: ({ phase }: Container) => phase,
    }),
    [t],
  );
  const create = (
    <Link to="/containers/new" className="button-link">
      {t("containers.create")}
    </Link>
  );
  return (
    <ListPage
      name="containers"
      title={t("containers.title")}
      kept={kept}
      columns={columns}
      idOf={idOf}
      textOf={textOf}
      filter={filter}
      address={address}
      onAddress={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      empty={
        <Empty title={t("containers.empty_title")} text={t("containers.empty")}>
          {create}
        </Empty>
      }
      noMatch={t("containers.no_match")}
    >
      {me.data?.role === "admin" && (
        <Segmented
          value={scope}
          options={SCOPES.map((value) => ({ value, label: t(`containers.${value}`) }))}
          onChange={(value) => void navigate({ search: (before) => ({ ...before, scope: value }) })}
        />
      )}
      {create}
    </ListPage>
  );
}
