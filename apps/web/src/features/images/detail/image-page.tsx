import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Tabs } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { Failure } from "../../../components/failure.tsx";
import { PageHead } from "../../../components/page-head.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { failedStepIn } from "../failing-step.ts";
import { ImageBadge, isMaking } from "../image-badge.tsx";
import { ImageActions } from "./image-actions.tsx";
import { ImageLog } from "./image-log.tsx";
import { ImageOverview } from "./image-overview.tsx";
import { LayerList } from "./layer-list.tsx";
import { failingLine, Making } from "./making.tsx";
import { NeededBy } from "./needed-by.tsx";
import { PlaceList } from "./place-list.tsx";
import { useImageLog } from "./use-image-log.ts";
import "../images.css";
import "./image-page.css";
import { Loading } from "../../../components/loading.tsx";

const route = getRouteApi("/inside/images/$imageId");
const MAKING_MS = 1_000;
const REFRESH_MS = 10_000;

/** One image: what it is, how it is made, where it is, and what needs it. */
export function ImagePage() {
  const { t } = useTranslation();
  const image_id = Number(route.useParams().imageId);
  const { tab = "overview" } = route.useSearch();
  const navigate = route.useNavigate();
  const image = useQuery(
    useTRPC().image.get.queryOptions(
      { image_id },
      { refetchInterval: ({ state: { data } }) => (data && isMaking(data) ? MAKING_MS : REFRESH_MS) },
    ),
  );
  const { data } = image;
  const mayChange = data !== undefined && data.shared_with !== null;
  const hasLog = mayChange && (data.source === "build" || data.source === "mirror");
  const isUnderWay = data !== undefined && isMaking(data);
  const isLogRead = hasLog && (tab === "log" || isUnderWay || data.phase === "Failed");
  const log = useImageLog(isLogRead ? image_id : null, useRun(isUnderWay));
  if (image.isPending) return <Loading />;
  if (!data) return <Failure error={image.error} onRetry={() => void image.refetch()} />;
  const line = data.phase === "Failed" ? failingLine(image_id, failedStepIn(log.text, data.message)) : null;
  return (
    <>
      <PageHead title={data.display_name ?? data.name}>
        <ImageBadge image={data} />
        {data.phase === "Ready" && data.desired === "present" && (
          <Link to="/containers/new" search={{ image: data.name }} className="button-link">
            {t("image.start")}
          </Link>
        )}
        {mayChange && <ImageActions image={data} failingLine={line} />}
      </PageHead>
      {data.display_name !== null && <p className="quiet image-name">{data.name}</p>}
      {/* What was read last stays while it can't be read again. */}
      {image.error && <Failure error={image.error} />}
      <Making image={data} log={log.text} />
      {data.conditions.map(({ type, message }) => (
        <p key={type} className="trouble">
          <Said text={message} />
        </p>
      ))}
      <Tabs
        activeKey={tab === "log" && !hasLog ? "overview" : tab}
        destroyOnHidden
        onChange={(key) => void navigate({ search: { tab: key as typeof tab }, replace: true })}
        items={[
          { key: "overview", label: t("image.tabs.overview"), children: <ImageOverview image={data} /> },
          ...(hasLog
            ? [{ key: "log", label: t("image.tabs.log"), children: <ImageLog log={log} name={data.name} /> }]
            : []),
          { key: "machines", label: t("image.tabs.machines"), children: <PlaceList places={data.machines} /> },
          { key: "needed", label: t("image.tabs.needed"), children: <NeededBy needed={data.needed_by} /> },
          { key: "layers", label: t("image.tabs.layers"), children: <LayerList layers={data.layers} /> },
        ]}
      />
    </>
  );
}

/** One more each time that it begins to be made: its log begins anew then. */
function useRun(isUnderWay: boolean): number {
  const [seen, setSeen] = useState({ isUnderWay, run: 0 });
  if (seen.isUnderWay !== isUnderWay) setSeen({ isUnderWay, run: seen.run + (isUnderWay ? 1 : 0) });
  return seen.run;
}
