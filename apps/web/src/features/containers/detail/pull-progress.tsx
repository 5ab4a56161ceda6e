import type { Container } from "@berth/spec/container.ts";
import { useQuery } from "@tanstack/react-query";
import { Progress } from "antd";
import { useTranslation } from "react-i18next";
import { formatBytes } from "../../../lib/sizes.ts";
import { useTRPC } from "../../../lib/trpc.ts";

const REFRESH_MS = 1_000;

/** How far its machine is with its image, in bytes as far as that tells them. */
export function PullProgress({ container: { image_id, image, machine_id } }: { container: Container }) {
  const { t } = useTranslation();
  const asked = useQuery(useTRPC().image.get.queryOptions({ image_id }, { refetchInterval: REFRESH_MS }));
  const place = asked.data?.machines.find((each) => each.machine_id === machine_id);
  const { progress = null, total = null } = place ?? {};
  const isKnown = progress !== null && total !== null && total > 0;
  return (
    <div className="pull">
      <p role="status">
        {t("container.pulling", { image })}{" "}
        {isKnown && (
          <span className="quiet">
            {t("containers.save_progress", { done: formatBytes(progress), total: formatBytes(total) })}
          </span>
        )}
      </p>
      {isKnown && (
        <Progress
          percent={Math.floor((100 * progress) / total)}
          size="small"
          status="active"
          aria-label={t("container.pulling", { image })}
        />
      )}
    </div>
  );
}
