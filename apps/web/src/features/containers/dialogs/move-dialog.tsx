import type { Container, RecreateConsent } from "@berth/spec/container.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Form, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { isFree } from "../../board/gpu-state.ts";
import { ConsentChoice } from "./consent-choice.tsx";

/** Has it go on on another machine: what comes along, and what does not. */
export function MoveDialog({ container, onClose }: { container: Container; onClose: () => void }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [machineId, setMachineId] = useState<string>();
  const [consent, setConsent] = useState<RecreateConsent>("preserve");
  const machines = useQuery(trpc.machine.list.queryOptions({ limit: 500 }));
  const move = useMutation(
    trpc.container.move.mutationOptions({
      onSuccess: onClose,
      onSettled: () => void queryClient.invalidateQueries(trpc.container.pathFilter()),
    }),
  );
  const others = (machines.data?.items ?? []).filter(
    ({ machine_id, runs_containers, state }) =>
      machine_id !== container.machine_id && runs_containers && state === "active",
  );
  const { container_id, name } = container;
  return (
    <Modal
      open
      title={t("container_dialog.move_title", { name })}
      okText={t("container_dialog.move")}
      okButtonProps={{ disabled: machines.isSuccess && others.length === 0 }}
      confirmLoading={move.isPending}
      onOk={() =>
        move.mutate({ container_id, recreate: consent, ...(machineId !== undefined && { machine_id: machineId }) })
      }
      onCancel={onClose}
    >
      <Form layout="vertical">
        <Form.Item label={t("container_dialog.move_to")} htmlFor="move-to">
          <Select
            id="move-to"
            allowClear
            value={machineId}
            loading={machines.isPending}
            placeholder={t("containers.new_any_machine")}
            notFoundContent={t("container_dialog.move_nowhere")}
            onChange={setMachineId}
            options={others.map((machine) => ({
              value: machine.machine_id,
              label: `${machine.name} · ${t("containers.new_gpu_free", {
                free: machine.gpus.filter((gpu) => isFree(machine, gpu)).length,
                total: machine.gpus.length,
              })}`,
            }))}
          />
        </Form.Item>
      </Form>
      <div className="dialog-text">
        {machines.isSuccess && others.length === 0 && <p className="trouble">{t("container_dialog.move_nowhere")}</p>}
        <p>{t("container_dialog.move_text")}</p>
        <p>{t("container_dialog.move_not")}</p>
        <ConsentChoice container={container} value={consent} onChange={setConsent} elsewhere />
        {machines.error && <Failure error={machines.error} onRetry={() => void machines.refetch()} />}
        {move.error && <Failure error={move.error} />}
      </div>
    </Modal>
  );
}
