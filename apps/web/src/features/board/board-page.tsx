import type { Machine } from "@berth/spec/machine.ts";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Skeleton } from "antd";
import { useDeferredValue, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Empty } from "../../components/empty.tsx";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import { useTRPC } from "../../lib/trpc.ts";
import { SetupList } from "../setup/setup-list.tsx";
import { useSetup } from "../setup/use-setup.ts";
import { BoardFilters } from "./board-filters.tsx";
import { filterMachines } from "./filter-machines.ts";
import { isFree } from "./gpu-state.ts";
import { MachineCard } from "./machine-card.tsx";
import { MachineRow } from "./machine-row.tsx";
import "./board.css";

/** Telemetry is no change that is told: it is asked for. */
const REFRESH_MS = 5_000;
const NONE: readonly Machine[] = [];
const route = getRouteApi("/inside/");

/** All machines with their GPUs: who uses what since when, and what is free. */
export function BoardPage() {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const search = route.useSearch();
  const me = useQuery(trpc.user.me.queryOptions());
  const machines = useQuery(trpc.machine.list.queryOptions({ limit: 500 }, { refetchInterval: REFRESH_MS }));
  const setup = useSetup();
  // What would move the machines away that are already shown is waited for.
  const isComing = machines.isPending || (setup.isFetching && setup.isPending && setup.failureCount === 0);
  const items = (!isComing && machines.data?.items) || NONE;
  const gpus = items.flatMap((machine) => machine.gpus.map((gpu) => isFree(machine, gpu)));
  // So that what is typed into the filter never waits for the machines.
  const [known, filter] = [useDeferredValue(items), useDeferredValue(search)];
  const shown = useMemo(() => filterMachines(known, filter), [known, filter]);
  return (
    <>
      <PageHead title={t("board.title")}>
        {gpus.length > 0 && (
          <p className="board-sum">
            <strong>{t("board.free_gpus", { count: gpus.filter(Boolean).length })}</strong>{" "}
            <span className="quiet">{t("board.of_gpus", { count: gpus.length })}</span>
          </p>
        )}
      </PageHead>
      {me.data?.role === "admin" && <SetupList />}
      {machines.error && <Failure error={machines.error} onRetry={() => void machines.refetch()} />}
      {isComing && <Skeleton active title={false} paragraph={{ rows: 6 }} />}
      {!isComing && machines.data && items.length === 0 && (
        <Empty
          title={t("board.empty_title")}
          text={me.data?.role === "admin" ? t("board.empty_admin") : t("board.empty_user")}
        />
      )}
      {items.length > 0 && <BoardFilters machines={items} />}
      {known.length > 0 && shown.length === 0 && (
        <Empty title={t("board.no_match_title")} text={t("board.no_match")}>
          <Link to="/" search={{ view: search.view }}>
            {t("board.show_all")}
          </Link>
        </Empty>
      )}
      {search.view === "compact" ? (
        <ul className="board-rows">
          {shown.map((machine) => (
            <MachineRow key={machine.machine_id} machine={machine} />
          ))}
        </ul>
      ) : (
        <ul className="board">
          {shown.map((machine) => (
            <MachineCard key={machine.machine_id} machine={machine} />
          ))}
        </ul>
      )}
    </>
  );
}
