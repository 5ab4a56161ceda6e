import type { ImageDetails } from "@berth/spec/image.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { formatBytes } from "../../../lib/sizes.ts";
import { useTRPC } from "../../../lib/trpc.ts";

/** The machines that keep an image whether or not a container needs it. */
export function PrewarmDialog({ image, onClose }: { image: ImageDetails; onClose: () => void }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const { image_id, name, size } = image;
  const machines = useQuery(trpc.machine.list.queryOptions({ limit: 500 }));
  const [chosen, setChosen] = useState(
    image.machines.filter(({ prewarmed }) => prewarmed).map(({ machine_id }) => machine_id),
  );
  const prewarm = useMutation(
    trpc.image.prewarm.mutationOptions({
      onSuccess() {
        onClose();
        const params = { imageId: String(image_id) };
        void navigate({ to: "/images/$imageId", params, search: { tab: "machines" }, replace: true });
      },
      onSettled: () => void queryClient.invalidateQueries(trpc.image.pathFilter()),
    }),
  );
  return (
    <Modal
      open
      title={t("image.prewarm_title", { name })}
      onCancel={onClose}
      onOk={() => prewarm.mutate({ image_id, machine_ids: chosen })}
      okText={t("image.prewarm_save")}
      cancelText={t("common.cancel")}
      confirmLoading={prewarm.isPending}
    >
      <div className="dialog-text">
        <p>{t("image.prewarm_text")}</p>
        {size !== null && <p className="quiet">{t("image.prewarm_size", { size: formatBytes(size) })}</p>}
        <Select
          mode="multiple"
          allowClear
          aria-label={t("image.prewarm_machines")}
          placeholder={t("image.prewarm_machines")}
          loading={machines.isPending}
          value={chosen}
          onChange={setChosen}
          showSearch={{ optionFilterProp: "label" }}
          options={(machines.data?.items ?? [])
            .filter(({ runs_containers }) => runs_containers)
            .map((machine) => ({ value: machine.machine_id, label: machine.name }))}
        />
        {machines.error && <Failure error={machines.error} onRetry={() => void machines.refetch()} />}
        {prewarm.error && <Failure error={prewarm.error} />}
      </div>
    </Modal>
  );
}
