import "./machine.css";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { PageHead } from "../../../components/page-head.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { MachineBadges } from "../machine-badges.tsx";
import { Conditions } from "./conditions.tsx";
import { Facts } from "./facts.tsx";
import { ForeignContainers } from "./foreign-containers.tsx";
import { GpuTable } from "./gpu-table.tsx";
import { MachineActions } from "./machine-actions.tsx";
import { MachineContainers } from "./machine-containers.tsx";
import { MachineImages } from "./machine-images.tsx";
import { MachineSettings } from "./machine-settings.tsx";
import { TelemetryView } from "./telemetry/telemetry-view.tsx";
import { Loading } from "../../../components/loading.tsx";

const route = getRouteApi("/inside/machines/$machineId");
/** Telemetry is no change that is told: it is asked for. */
const REFRESH_MS = 5_000;

/** One GPU server: what it is, how it does, what is on it; and for admins what can be done with it. */
export function MachinePage() {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const { machineId: machine_id } = route.useParams();
  const { tab = "overview", range = "hour" } = route.useSearch();
  const navigate = route.useNavigate();
  const me = useQuery(trpc.user.me.queryOptions());
  const machine = useQuery(trpc.machine.get.queryOptions({ machine_id }, { refetchInterval: REFRESH_MS, retry: 1 }));
  if (machine.isPending || me.isPending) return <Loading />;
  if (!machine.data) return <Failure error={machine.error} onRetry={() => void machine.refetch()} />;
  const { data } = machine;
  const isAdmin = me.data?.role === "admin";
  const items = [
    {
      key: "overview",
      label: t("machine.tabs.overview"),
      children: (
        <>
          <Conditions machine={data} />
          <Facts machine={data} />
          <GpuTable machine={data} isAdmin={isAdmin} />
        </>
      ),
    },
    {
      key: "telemetry",
      label: t("machine.tabs.telemetry"),
      children: (
        <TelemetryView
          machine={data}
          range={range}
          onRange={(value) => void navigate({ search: (before) => ({ ...before, range: value }), replace: true })}
        />
      ),
    },
    {
      key: "containers",
      label: t("machine.tabs.containers"),
      children: <MachineContainers machine={data} isAdmin={isAdmin} />,
    },
  ];
  const ofAdmins = [
    { key: "foreign", label: t("machine.tabs.foreign"), children: <ForeignContainers machine={data} /> },
    { key: "images", label: t("machine.tabs.images"), children: <MachineImages machine={data} /> },
    {
      key: "settings",
      label: t("machine.tabs.settings"),
      children: (
        <div className="machine-settings">
          <MachineSettings key={data.machine_id} machine={data} />
          <MachineActions machine={data} onGone={() => void navigate({ to: "/machines" })} />
        </div>
      ),
    },
  ];
  const all = isAdmin ? [...items, ...ofAdmins] : items;
  return (
    <>
      {isAdmin && (
        <Link to="/machines" className="machine-back">
          {t("machine.back")}
        </Link>
      )}
      <PageHead title={data.name}>
        <MachineBadges machine={data} />
      </PageHead>
      {/* What was read last stays while it can't be read again. */}
      {machine.error && <Failure error={machine.error} onRetry={() => void machine.refetch()} />}
      <Tabs
        activeKey={all.some(({ key }) => key === tab) ? tab : "overview"}
        destroyOnHidden
        onChange={(key) =>
          void navigate({ search: (before) => ({ ...before, tab: key as typeof tab }), replace: true })
        }
        items={all}
      />
    </>
  );
}
