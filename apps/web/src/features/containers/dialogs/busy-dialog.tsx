import type { BusyDetails, Container, RecreateConsent } from "@berth/spec/container.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Modal, Radio } from "antd";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { ConsentChoice } from "./consent-choice.tsx";

interface BusyDialogProps {
  container: Container;
  /** The server's own, where nobody is known to hold the GPUs. */
  message: string;
  busy: BusyDetails;
  onClose: () => void;
}

const WAYS = ["wait", "any", "without_gpu", "move"] as const;
type Way = (typeof WAYS)[number];

/** Its GPUs are not free: who has them, and what can be done instead. */
export function BusyDialog({ container, message, busy, onClose }: BusyDialogProps) {
  const { t } = useTranslation();
  const app = App.useApp();
  const id = useId();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [way, setWay] = useState<Way>("wait");
  const [consent, setConsent] = useState<RecreateConsent>("preserve");
  const start = useMutation(
    trpc.container.start.mutationOptions({
      onSuccess({ waiting, name }) {
        onClose();
        if (waiting) void app.message.info(t("container_dialog.in_line", { name, place: waiting.place }));
      },
      onSettled: () => void queryClient.invalidateQueries(trpc.container.pathFilter()),
    }),
  );
  const { container_id } = container;
  // Where it was never made, any GPUs would do, and nothing is inside yet.
  const wasMade = busy.gpu_uuids !== undefined;
  const ways = WAYS.filter((each) => wasMade || each === "wait" || each === "without_gpu");
  const submit = (): void =>
    start.mutate({
      container_id,
      if_busy: way === "any" ? "wait" : way,
      ...(way !== "wait" && { recreate: wasMade ? consent : "discard" }),
    });
  return (
    <Modal
      open
      title={t("container_dialog.busy_title", { name: container.name })}
      okText={t(`container_dialog.busy.${way}.do`)}
      cancelText={t("container_dialog.leave_stopped")}
      confirmLoading={start.isPending}
      onOk={submit}
      onCancel={onClose}
    >
      <div className="dialog-text">
        <Holders container={container} busy={busy} message={message} />
        <fieldset className="consent">
          <legend id={id}>{t("container_dialog.busy_what")}</legend>
          <Radio.Group aria-labelledby={id} value={way} onChange={({ target }) => setWay(target.value as Way)}>
            {ways.map((each) => (
              <Radio key={each} value={each}>
                <strong>{t(`container_dialog.busy.${each}.name`)}</strong>
                <span className="quiet">{t(`container_dialog.busy.${each}.text`)}</span>
              </Radio>
            ))}
          </Radio.Group>
        </fieldset>
        {way !== "wait" && wasMade && (
          <ConsentChoice container={container} value={consent} onChange={setConsent} elsewhere={way === "move"} />
        )}
        {start.error && <Failure error={start.error} />}
      </div>
    </Modal>
  );
}

/** Who has the GPUs, as far as that is known; otherwise the server's own sentence. */
function Holders({ container, busy, message }: Pick<BusyDialogProps, "container" | "busy" | "message">) {
  const { t } = useTranslation();
  const machines = useQuery(useTRPC().machine.list.queryOptions({ limit: 500 }));
  const machine = machines.data?.items.find(({ machine_id }) => machine_id === container.machine_id);
  const foreign =
    machine?.gpus.filter(
      ({ uuid }) => machine.gpus_foreign.includes(uuid) && (busy.gpu_uuids?.includes(uuid) ?? false),
    ) ?? [];
  if (busy.holders.length + foreign.length === 0) return <p>{message}</p>;
  return (
    <>
      <p>{t("container_dialog.busy_held")}</p>
      <ul className="rows">
        {busy.holders.map(({ gpu_uuid, index, type, account, name }) => (
          <li key={`${gpu_uuid} ${account} ${name}`}>
            <span>
              GPU {index} <span className="quiet">{type}</span>
            </span>
            <span>{name === null ? account : t("container_dialog.of_container", { account, name })}</span>
          </li>
        ))}
        {foreign.map(({ uuid, index, type }) => (
          <li key={uuid}>
            <span>
              GPU {index} <span className="quiet">{type}</span>
            </span>
            <span>{t("container_dialog.outside")}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
