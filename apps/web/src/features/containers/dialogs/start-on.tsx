import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTRPC } from "../../../lib/trpc.ts";
import { isFree } from "../../board/gpu-state.ts";

/** Where the next container of a saved image is to be: leads to the form, filled in so. */
export function StartOn({ image, onGo }: { image: string; onGo: () => void }) {
  const { t } = useTranslation();
  const [machineId, setMachineId] = useState<string>();
  const machines = useQuery(useTRPC().machine.list.queryOptions({ limit: 500 }));
  return (
    <div className="start-on">
      <label htmlFor="start-on">{t("container_dialog.start_on")}</label>
      <Select
        id="start-on"
        allowClear
        value={machineId}
        onChange={setMachineId}
        placeholder={t("containers.new_any_machine")}
        options={(machines.data?.items ?? [])
          .filter(({ runs_containers, state }) => runs_containers && state === "active")
          .map((machine) => ({
            value: machine.machine_id,
            label: `${machine.name} · ${t("containers.new_gpu_free", {
              free: machine.gpus.filter((gpu) => isFree(machine, gpu)).length,
              total: machine.gpus.length,
            })}`,
          }))}
      />
      <Link className="button-link" to="/containers/new" search={{ image, machine: machineId }} onClick={onGo}>
        {t("containers.save_next")}
      </Link>
    </div>
  );
}
