import { type Image, PublicImageName } from "@berth/spec/image.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Form, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";

/** The same content under a name that everybody has. */
export function PublishDialog({ image: { image_id, name }, onClose }: { image: Image; onClose: () => void }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [wish, setWish] = useState(`public/${name.slice(name.indexOf("/") + 1)}`);
  const publish = useMutation(
    trpc.image.publish.mutationOptions({
      onSuccess(published) {
        onClose();
        void navigate({ to: "/images/$imageId", params: { imageId: String(published.image_id) } });
      },
      onSettled: () => void queryClient.invalidateQueries(trpc.image.pathFilter()),
    }),
  );
  const fault = PublicImageName.safeParse(wish).error?.issues[0]?.message;
  return (
    <Modal
      open
      title={t("image.publish_title", { name })}
      onCancel={onClose}
      onOk={() => publish.mutate({ image_id, name: wish })}
      okText={t("image.publish")}
      okButtonProps={{ disabled: fault !== undefined }}
      cancelText={t("common.cancel")}
      confirmLoading={publish.isPending}
    >
      <div className="dialog-text">
        <p>{t("image.publish_text")}</p>
        <Form layout="vertical" requiredMark={false}>
          <Form.Item
            label={t("image.publish_name")}
            htmlFor="publish-name"
            help={fault === undefined ? t("image.publish_name_hint") : <Said text={fault} />}
            validateStatus={fault === undefined ? "" : "error"}
          >
            <Input
              id="publish-name"
              value={wish}
              spellCheck={false}
              autoComplete="off"
              onChange={({ target }) => setWish(target.value)}
            />
          </Form.Item>
        </Form>
        {publish.error && <Failure error={publish.error} />}
      </div>
    </Modal>
  );
}
