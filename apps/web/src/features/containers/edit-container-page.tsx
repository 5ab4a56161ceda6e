import "./form/form.css";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import { useTRPC } from "../../lib/trpc.ts";
import { EditForm } from "./form/edit-form.tsx";
import { Loading } from "../../components/loading.tsx";

const route = getRouteApi("/inside/containers/$containerId/edit");

/** Everything about a container that can be changed. */
export function EditContainerPage() {
  const { t } = useTranslation();
  const container_id = Number(route.useParams().containerId);
  const container = useQuery(useTRPC().container.get.queryOptions({ container_id }));
  if (container.isPending) return <Loading />;
  if (!container.data) return <Failure error={container.error} onRetry={() => void container.refetch()} />;
  return (
    <div className="narrow">
      <PageHead title={t("container_form.edit_title", { name: container.data.name })} />
      {container.error && <Failure error={container.error} />}
      <EditForm key={container_id} container={container.data} />
    </div>
  );
}
