import type { Container } from "@berth/spec/container.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { Modal } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { useIsBeingRemoved } from "../use-is-being-removed.ts";

/** Names what is lost by it, and what stays. */
export function RemoveDialog({ container, onClose }: { container: Container; onClose: () => void }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { container_id, name, status, held, mounts } = container;
  const isBeingRemoved = useIsBeingRemoved();
  const images = useQuery(trpc.image.list.queryOptions({ container_id, limit: 500 }));
  const events = useQuery(
    trpc.container.events.queryOptions({ container_id, limit: 200 }, { enabled: status && !isBeingRemoved }),
  );
  const started = events.data?.items.find(({ reason }) => reason === "Started");
  const saved = images.data?.items.filter(({ phase }) => phase === "Ready") ?? [];
  const navigate = useNavigate();
  const isOnItsPage = useLocation().pathname.startsWith(`/containers/${container_id}`);
  const remove = useMutation(
    trpc.container.delete.mutationOptions({
      async onSuccess() {
        // Soon there is nothing that its page could show.
        if (isOnItsPage) await navigate({ to: "/containers" });
        onClose();
      },
      onSettled: () => void queryClient.invalidateQueries(trpc.container.pathFilter()),
    }),
  );
  return (
    <Modal
      open
      title={t("containers.remove_title", { name })}
      okText={t("containers.remove")}
      okButtonProps={{ danger: true }}
      confirmLoading={remove.isPending}
      onOk={() => remove.mutate({ container_id })}
      onCancel={onClose}
    >
      <div className="dialog-text">
        <h3>{t("container_dialog.lost")}</h3>
        <ul className="plain-list">
          <li>
            {saved[0] ? (
              <>
                {t("container_dialog.lost_files_since", { image: saved[0].name })}{" "}
                <span className="quiet">
                  (<TimeAgo at={saved[0].created_at} />)
                </span>
              </>
            ) : (
              t("container_dialog.lost_files")
            )}
          </li>
          {status && (
            <li>
              {t("container_dialog.lost_run")}{" "}
              {started && (
                <span className="quiet">
                  ({t("container_dialog.started")} <TimeAgo at={started.last_at} />)
                </span>
              )}
            </li>
          )}
          {held.length > 0 && <li>{t("container_dialog.lost_held", { count: held.length })}</li>}
        </ul>
        <h3>{t("container_dialog.stays")}</h3>
        <ul className="plain-list">
          {saved.length > 0 && (
            <li>{t("container_dialog.stays_images", { names: saved.map((image) => image.name).join(", ") })}</li>
          )}
          {mounts.map(({ storage, path }) => (
            <li key={path}>{t("container_dialog.stays_mount", { storage, path })}</li>
          ))}
          {saved.length + mounts.length === 0 && <li>{t("container_dialog.stays_nothing")}</li>}
        </ul>
        {images.error && <Failure error={images.error} onRetry={() => void images.refetch()} />}
        {remove.error && <Failure error={remove.error} />}
      </div>
    </Modal>
  );
}
