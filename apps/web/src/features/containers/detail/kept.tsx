import type { Container } from "@berth/spec/container.ts";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Badge } from "../../../components/badge.tsx";
import { Failure } from "../../../components/failure.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { formatBytes } from "../../../lib/sizes.ts";
import { useTRPC } from "../../../lib/trpc.ts";
import { containerDialog } from "../dialogs/dialog-store.ts";
import { Countdown } from "./countdown.tsx";

/** What there is of it beside itself: images that were saved from it, and what recreates have set aside. */
export function Kept({ container }: { container: Container }) {
  const { t } = useTranslation();
  const { container_id, held, desired } = container;
  const images = useQuery(useTRPC().image.list.queryOptions({ container_id, limit: 500 }));
  const saved = images.data?.items ?? [];
  return (
    <section className="card">
      <h2>{t("container.kept")}</h2>
      {held.length > 0 && (
        <>
          <h3>{t("container.held")}</h3>
          <ul className="rows">
            {held.toReversed().map(({ generation, held_until }) => (
              <li key={generation}>
                <span>
                  {t("container.held_one", { generation })}{" "}
                  <span className="quiet">
                    {t("container.held_until")} <Countdown at={held_until} due={t("container.now")} />
                  </span>
                </span>
                <Button
                  size="small"
                  disabled={desired === "removed"}
                  aria-label={`${t("container_dialog.restore")}: ${t("container.held_one", { generation })}`}
                  onClick={() => containerDialog.set({ kind: "restore", container, generation })}
                >
                  {t("container_dialog.restore")}
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>{t("container.saved")}</h3>
      {images.error && <Failure error={images.error} onRetry={() => void images.refetch()} />}
      {images.isSuccess && saved.length === 0 && <p className="quiet">{t("container.saved_none")}</p>}
      <ul className="rows">
        {saved.map(({ image_id, name, phase, size, created_at }) => (
          <li key={image_id}>
            <span>
              <strong>{name}</strong>{" "}
              <span className="quiet">
                {size !== null && `${formatBytes(size)} · `}
                <TimeAgo at={created_at} />
              </span>
            </span>
            {phase === "Ready" ? (
              <Link to="/containers/new" search={{ image: name }} aria-label={`${t("containers.save_next")}: ${name}`}>
                {t("container.use")}
              </Link>
            ) : (
              <Badge tone={phase === "Failed" ? "bad" : "busy"}>{t(`images.phase.${phase}`)}</Badge>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
