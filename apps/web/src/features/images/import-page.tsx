import { ImageName, ImageReference, PublicImageName } from "@berth/spec/image.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Form, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { checkBy } from "../../lib/check-by.ts";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import { useTRPC } from "../../lib/trpc.ts";
import { BuilderChoice } from "./builder-choice.tsx";
import { type ParamsValues, toParams } from "./create-params-values.ts";
import { ParamsCollapse } from "./params-collapse.tsx";
import { DescribeFields } from "./describe-fields.tsx";
import "./images.css";

interface Values {
  reference: string;
  name: string;
  display_name?: string;
  description?: string;
  machine_id?: string;
  params: ParamsValues;
}

export const MirrorPage = () => <ImportPage kind="mirror" />;
export const ExternalPage = () => <ImportPage kind="external" />;

/** For admins: an image that somebody else made, brought onto Berth's registry or only recorded. */
function ImportPage({ kind }: { kind: "mirror" | "external" }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [form] = Form.useForm<Values>();
  const [isOpen, setOpen] = useState(false);
  const isMirror = kind === "mirror";
  const options = {
    onSuccess: ({ image_id }: { image_id: number }) =>
      navigate({
        to: "/images/$imageId",
        params: { imageId: String(image_id) },
        search: isMirror ? { tab: "log" as const } : {},
      }),
    onSettled: () => void queryClient.invalidateQueries(trpc.image.pathFilter()),
  };
  const mirror = useMutation(trpc.image.mirror.mutationOptions(options));
  const add = useMutation(trpc.image.add.mutationOptions(options));
  const { isPending, error } = isMirror ? mirror : add;
  const submit = ({ reference, name, display_name, description, machine_id, params }: Values): void => {
    const said = {
      name,
      ...(display_name && { display_name }),
      ...(description && { description }),
      create_params: toParams(params, { mounts: [] }),
    };
    if (isMirror) mirror.mutate({ ...said, from: reference, ...(machine_id && { machine_id }) });
    else add.mutate({ ...said, reference });
  };
  return (
    <div className="narrow">
      <PageHead title={t(`builds.${kind}_title`)} />
      <p className="quiet form-intro">{t(`builds.${kind}_text`)}</p>
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        disabled={isPending}
        initialValues={{ name: "public/", params: {} }}
        onFinish={() => submit(form.getFieldsValue(true) as Values)}
        onFinishFailed={({ errorFields }) => setOpen(isOpen || errorFields.some(({ name: [top] }) => top === "params"))}
        scrollToFirstError
      >
        <Form.Item
          name="reference"
          label={t("builds.reference")}
          extra={t(isMirror ? "builds.reference_hint" : "builds.external_reference_hint")}
          rules={[{ validator: (_rule, text = "") => checkBy(ImageReference, text) }]}
        >
          <Input spellCheck={false} autoComplete="off" autoFocus />
        </Form.Item>
        <Form.Item
          name="name"
          label={t("builds.name")}
          extra={t(isMirror ? "builds.name_hint" : "builds.any_name_hint")}
          rules={[{ validator: (_rule, text) => checkBy(isMirror ? PublicImageName : ImageName, text) }]}
        >
          <Input spellCheck={false} autoComplete="off" />
        </Form.Item>
        <DescribeFields />
        {isMirror && <BuilderChoice />}
        <ParamsCollapse isOpen={isOpen} onToggle={setOpen} />
        {error && <Failure error={error} />}
        <Button type="primary" htmlType="submit" loading={isPending}>
          {t(`builds.submit_${kind}`)}
        </Button>
      </Form>
    </div>
  );
}
