import type { ImageDetails } from "@berth/spec/image.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Form, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { type ParamsValues, toParams, toValues } from "../create-params-values.ts";
import { KeptMounts } from "../kept-mounts.tsx";
import { ParamsCollapse } from "../params-collapse.tsx";

interface Values {
  display_name?: string;
  description?: string;
  params: ParamsValues;
}

/** What is said of an image, and what containers get that start from it. */
export function EditDialog({ image, onClose }: { image: ImageDetails; onClose: () => void }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Values>();
  const [isOpen, setOpen] = useState(false);
  const { image_id, name, display_name, description, create_params } = image;
  const update = useMutation(
    trpc.image.update.mutationOptions({
      onSuccess: onClose,
      onSettled: () => void queryClient.invalidateQueries(trpc.image.pathFilter()),
    }),
  );
  const submit = (values: Values): void =>
    update.mutate({
      image_id,
      display_name: values.display_name || null,
      description: values.description || null,
      create_params: toParams(values.params, create_params),
    });
  return (
    <Modal
      open
      title={t("image.edit_title", { name })}
      width={640}
      onCancel={onClose}
      onOk={() => form.submit()}
      okText={t("common.save")}
      cancelText={t("common.cancel")}
      confirmLoading={update.isPending}
    >
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ display_name, description, params: toValues(create_params) }}
        onFinish={() => submit(form.getFieldsValue(true) as Values)}
        onFinishFailed={({ errorFields }) => setOpen(isOpen || errorFields.some(({ name: [top] }) => top === "params"))}
      >
        <p className="quiet">{t("image.edit_hint")}</p>
        <Form.Item name="display_name" label={t("image.display_name")}>
          <Input maxLength={100} autoComplete="off" />
        </Form.Item>
        <Form.Item name="description" label={t("image.description")}>
          <Input.TextArea maxLength={4_000} showCount autoSize={{ minRows: 3, maxRows: 10 }} />
        </Form.Item>
        <ParamsCollapse isOpen={isOpen} onToggle={setOpen} />
        <KeptMounts params={create_params} />
        {update.error && <Failure error={update.error} />}
      </Form>
    </Modal>
  );
}
