import type { Container } from "@berth/spec/container.ts";
import { SavedImageName } from "@berth/spec/image.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { SaveProgress } from "./save-progress.tsx";
import { StartOn } from "./start-on.tsx";

const REFRESH_MS = 1_000;

/** Saves a container as an image: what is in it and what is not, how far it is, and what comes next. */
export function SaveDialog({ container, onClose }: { container: Container; onClose: () => void }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [name, setName] = useState(`${container.name}:1`);
  const onSettled = (): void => void queryClient.invalidateQueries(trpc.image.pathFilter());
  const save = useMutation(trpc.container.save.mutationOptions({ onSettled }));
  const cancel = useMutation(trpc.image.cancel.mutationOptions({ onSettled }));
  const image_id = save.data?.image_id;
  const asked = useQuery(
    trpc.image.get.queryOptions(
      { image_id: image_id ?? 0 },
      {
        enabled: image_id !== undefined,
        refetchInterval: ({ state }) => (isOver(state.data?.phase) ? false : REFRESH_MS),
      },
    ),
  );
  const image = asked.data ?? save.data;
  const fault = SavedImageName.safeParse(name).success ? undefined : t("container_dialog.save_name_bad");
  const isUnderWay = image !== undefined && !isOver(image.phase);
  const mayAsk = image === undefined || image.phase === "Failed";
  const error = save.error ?? cancel.error ?? asked.error;
  return (
    <Modal
      open
      title={t("containers.save_title", { name: container.name })}
      onCancel={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t(image === undefined ? "common.cancel" : "common.close")}</Button>
          {isUnderWay && (
            <Button danger loading={cancel.isPending} onClick={() => cancel.mutate({ image_id: image.image_id })}>
              {t("container_dialog.save_cancel")}
            </Button>
          )}
          {mayAsk && (
            <Button
              type="primary"
              disabled={fault !== undefined}
              loading={save.isPending}
              onClick={() => save.mutate({ container_id: container.container_id, name })}
            >
              {t("containers.save_start")}
            </Button>
          )}
        </>
      }
    >
      <Form layout="vertical" requiredMark={false}>
        <Form.Item
          label={t("containers.save_name")}
          htmlFor="save-name"
          help={fault ?? t("containers.save_name_hint")}
          validateStatus={fault === undefined ? "" : "error"}
        >
          <Input
            id="save-name"
            value={name}
            autoComplete="off"
            spellCheck={false}
            disabled={!mayAsk || save.isPending}
            onChange={({ target }) => setName(target.value)}
          />
        </Form.Item>
      </Form>
      <div className="dialog-text">
        {image?.phase !== "Ready" && <WhatIsSaved container={container} notSaved={image?.not_saved} />}
        {error && <Failure error={error} />}
        {image && <SaveProgress image={image} />}
        {isUnderWay && <p className="quiet">{t("container_dialog.save_close")}</p>}
        {image?.phase === "Ready" && <StartOn image={image.name} onGo={onClose} />}
      </div>
    </Modal>
  );
}

function WhatIsSaved({ container, notSaved }: { container: Container; notSaved: readonly string[] | undefined }) {
  const { t } = useTranslation();
  const mounts = notSaved ?? container.mounts.map(({ path }) => path);
  const env = Object.keys(container.spec.env);
  return (
    <ul className="plain-list">
      <li>{t("container_dialog.save_files")}</li>
      <li>{t("container_dialog.save_not_memory")}</li>
      {mounts.length > 0 && <li>{t("containers.save_mounts", { paths: mounts.join(", ") })}</li>}
      {env.length > 0 && <li>{t("containers.save_env", { names: env.join(", ") })}</li>}
    </ul>
  );
}

const isOver = (phase: string | undefined): boolean => phase === "Ready" || phase === "Failed";
