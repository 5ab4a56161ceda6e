import { useQuery } from "@tanstack/react-query";
import { Descriptions } from "antd";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { Badge, SimulatedBadge, type Tone } from "../../../components/badge.tsx";
import { Failure } from "../../../components/failure.tsx";
import { PageHead } from "../../../components/page-head.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { CollectGarbage } from "./collect-garbage.tsx";
import { RegistryContent } from "./registry-content.tsx";
import { RegistryUse } from "./registry-use.tsx";
import "../images.css";
import "./registry-page.css";
import { Loading } from "../../../components/loading.tsx";

const TONES: Record<string, Tone> = { running: "good", missing: "bad" };
const REFRESH_MS = 2_000;

/** For admins: how the registry does, what it holds, and how one uses it. */
export function RegistryPage() {
  const { t } = useTranslation();
  const status = useQuery(useTRPC().registry.status.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  if (status.isPending) return <Loading />;
  if (!status.data) return <Failure error={status.error} onRetry={() => void status.refetch()} />;
  const { data } = status;
  const { kind, state, address, message } = data;
  return (
    <>
      <PageHead title={t("registry.title")}>
        <Badge tone={TONES[state] ?? "busy"}>{t(`registry.states.${state}`)}</Badge>
        <CollectGarbage status={data} />
      </PageHead>
      {status.error && <Failure error={status.error} />}
      {message !== "" && (
        <p className={state === "missing" ? "trouble" : undefined}>
          <Said text={message} />
        </p>
      )}
      {address !== null && kind !== null && (
        <>
          <Descriptions
            size="small"
            bordered
            column={{ xs: 1, md: 2 }}
            items={[
              {
                key: "kind",
                label: t("registry.kind"),
                children: kind === "simulated" ? <SimulatedBadge /> : t(`registry.kinds.${kind}`),
              },
              { key: "address", label: t("registry.address"), children: <code>{address}</code> },
            ]}
          />
          <RegistryUse address={address} ca={data.ca} />
          <RegistryContent />
        </>
      )}
    </>
  );
}
