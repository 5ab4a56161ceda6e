import { type Container, type RecreateConsent, UpdateContainerInput } from "@berth/spec/container.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { App, Button, Form, Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { MOST_CHOICES } from "../../../lib/use-read-on.ts";
import { useAllImages } from "../../images/use-all-images.ts";
import { ConsentChoice } from "../dialogs/consent-choice.tsx";
import { BehaviourFields } from "./behaviour-fields.tsx";
import { type ContainerWish, wishOf } from "./container-wish.ts";
import { type EditedField, editsOf } from "./edits.ts";
import { type Fault, faultsInRefusal, faultsOf, showFaults } from "./faults.ts";
import { GpuFields } from "./gpu-fields.tsx";
import { LimitFields } from "./limit-fields.tsx";
import { MountFields } from "./mount-fields.tsx";
import { PortFields } from "./port-fields.tsx";
import { ProgramFields } from "./program-fields.tsx";

/** Says before it is sent which changes need the container to be made anew, and what is lost by that. */
export function EditForm({ container: shown }: { container: Container }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [form] = Form.useForm<ContainerWish>();
  // What was there when editing began: what others change meanwhile is not undone by sending it back.
  const [container] = useState(shown);
  const [consent, setConsent] = useState<RecreateConsent>("preserve");
  const [others, setOthers] = useState<Fault[]>([]);
  const [before] = useState(() => wishOf(container));
  const images = useAllImages();
  const machines = useQuery(trpc.machine.list.queryOptions({ limit: 500 }));
  // Fields that are not shown now are as much of it.
  const typed = Form.useWatch((values: ContainerWish) => values, { form, preserve: true });
  const { input, fields, recreated } = editsOf(container, { ...before, ...typed });
  const { container_id, machine_id } = container;
  const params = { containerId: String(container_id) };
  const isOtherImage = recreated.includes("image");
  const update = useMutation(
    trpc.container.update.mutationOptions({
      onSuccess() {
        void message.success(t("common.saved"));
        return navigate({ to: "/containers/$containerId", params });
      },
      onError: (error) => setOthers(showFaults(form, faultsInRefusal(error))),
      onSettled: () => void queryClient.invalidateQueries(trpc.container.pathFilter()),
    }),
  );
  const submit = (): void => {
    const recreate = isOtherImage ? "discard" : consent;
    const checked = UpdateContainerInput.safeParse({ ...input, ...(recreated.length > 0 && { recreate }) });
    if (!checked.success) return setOthers(showFaults(form, faultsOf(checked.error, t)));
    setOthers([]);
    update.mutate(checked.data);
  };
  const named = container.gpus.map(({ type, index }) => `${type} #${index}`).join(", ");
  const ready = images.items.filter(({ phase }) => phase === "Ready").map(({ name }) => name);
  return (
    <Form<ContainerWish>
      className="container-form"
      form={form}
      layout="vertical"
      requiredMark={false}
      disabled={update.isPending}
      initialValues={before}
      onFinish={submit}
    >
      <section>
        <h2>{t("container_form.names")}</h2>
        <Form.Item name="display_name" label={t("container_form.display_name")}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="name" label={t("containers.new_name")} extra={t("containers.new_name_hint")}>
          <Input autoComplete="off" spellCheck={false} />
        </Form.Item>
        <Form.Item
          name="image"
          label={t("containers.new_image")}
          extra={images.isCut && t("common.cut", { most: MOST_CHOICES })}
        >
          <Select
            showSearch={{ optionFilterProp: "label" }}
            loading={images.isPending}
            options={[...new Set([container.image, ...ready])].map((value) => ({ value, label: value }))}
          />
        </Form.Item>
      </section>
      <section>
        <h2>{t("container_form.gpus")}</h2>
        <div className="form-row">
          <GpuFields
            machines={machines.data?.items ?? []}
            machineId={machine_id ?? undefined}
            named={container.spec.gpu_uuids === null ? undefined : named || t("container_form.gpu_named")}
          />
        </div>
      </section>
      <section>
        <h2>{t("container_form.limits")}</h2>
        <LimitFields />
      </section>
      <section>
        <h2>{t("container_form.mounts")}</h2>
        <MountFields machineId={machine_id ?? undefined} />
      </section>
      <section>
        <h2>{t("container_form.ports")}</h2>
        <PortFields />
      </section>
      <section>
        <h2>{t("container_form.program")}</h2>
        <ProgramFields />
      </section>
      <section>
        <h2>{t("container_form.behaviour")}</h2>
        <BehaviourFields />
      </section>
      <div className="edit-foot">
        <p role="status">
          {fields.length === 0
            ? t("container_form.no_change")
            : recreated.length === 0
              ? t("container_form.in_place", { fields: namesOf(fields, t) })
              : t("container_form.needs_recreate", { fields: namesOf(recreated, t) })}
        </p>
        {recreated.length > 0 && (
          <ConsentChoice
            container={{ ...container, image: typed?.image ?? container.image }}
            value={consent}
            onChange={setConsent}
            onlyDiscard={isOtherImage ? t("container_form.other_image") : undefined}
          />
        )}
        {others.map((fault) => (
          <p key={fault.path.join(".")} className="field-error" role="alert">
            {fault.message}
          </p>
        ))}
        {update.error && faultsInRefusal(update.error).length === 0 && <Failure error={update.error} />}
        <div className="form-buttons">
          <Button
            type="primary"
            htmlType="submit"
            danger={recreated.length > 0 && (isOtherImage || consent === "discard")}
            disabled={fields.length === 0}
            loading={update.isPending}
          >
            {t(recreated.length === 0 ? "common.save" : "container_form.save_and_recreate")}
          </Button>
          <Button onClick={() => void navigate({ to: "/containers/$containerId", params })}>
            {t("common.cancel")}
          </Button>
        </div>
      </div>
    </Form>
  );
}

const namesOf = (fields: readonly EditedField[], t: ReturnType<typeof useTranslation>["t"]): string =>
  fields.map((field) => t(`container_form.field.${field}`)).join(t("container_form.comma"));
