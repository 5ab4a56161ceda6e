import "./detail.css";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { SimulatedBadge } from "../../../components/badge.tsx";
import { Failure } from "../../../components/failure.tsx";
import { lazily } from "../../../components/lazily.tsx";
import { PageHead } from "../../../components/page-head.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { useIsBeingRemoved } from "../use-is-being-removed.ts";
import { ContainerButtons } from "./container-buttons.tsx";
import { EventList } from "./event-list.tsx";
import { LogView } from "./log-view.tsx";
import { Overview } from "./overview.tsx";
import { StatePanel } from "./state-panel.tsx";
import { Loading } from "../../../components/loading.tsx";

const TerminalView = lazily(() => import("./terminal-view.tsx"), "TerminalView", { fallback: <Loading /> });
const FilesView = lazily(() => import("./files-view.tsx"), "FilesView", { fallback: <Loading /> });

const route = getRouteApi("/inside/containers/$containerId");
const REFRESH_MS = 10_000;

export function ContainerPage() {
  const { t } = useTranslation();
  const container_id = Number(route.useParams().containerId);
  const { tab = "overview" } = route.useSearch();
  const navigate = route.useNavigate();
  const enabled = !useIsBeingRemoved();
  const container = useQuery(
    useTRPC().container.get.queryOptions({ container_id }, { enabled, refetchInterval: REFRESH_MS, retry: 1 }),
  );
  if (container.isPending) return <Loading />;
  if (!container.data) return <Failure error={container.error} onRetry={() => void container.refetch()} />;
  const { data } = container;
  const { name, simulated, status } = data;
  return (
    <>
      <PageHead title={data.display_name ?? name}>
        {simulated && <SimulatedBadge />}
        <ContainerButtons container={data} />
      </PageHead>
      {/* What was read last stays while it can't be read again. */}
      {container.error && <Failure error={container.error} />}
      <StatePanel container={data} />
      <Tabs
        key={data.uid}
        activeKey={tab}
        onChange={(key) => void navigate({ search: { tab: key as typeof tab }, replace: true })}
        items={[
          {
            key: "overview",
            label: t("containers.tabs.overview"),
            destroyOnHidden: true,
            children: <Overview container={data} />,
          },
          {
            key: "events",
            label: t("containers.tabs.events"),
            destroyOnHidden: true,
            children: <EventList containerId={container_id} />,
          },
          {
            key: "logs",
            label: t("containers.tabs.logs"),
            destroyOnHidden: true,
            children: <LogView containerId={container_id} name={name} />,
          },
          {
            // Not destroyed: what runs in it goes on while one looks at the others.
            key: "terminal",
            label: t("containers.tabs.terminal"),
            disabled: !status,
            children: <TerminalView containerId={container_id} name={name} />,
          },
          {
            key: "files",
            label: t("files.tab"),
            destroyOnHidden: true,
            children: <FilesView container={data} />,
          },
        ]}
      />
    </>
  );
}
