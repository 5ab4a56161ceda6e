import "./form/form.css";
import { ContainerSpec, CreateContainerInput } from "@berth/spec/container.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button, Collapse, Form, Input, Radio, Select } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import { useTRPC } from "../../lib/trpc.ts";
import { useAllImages } from "../images/use-all-images.ts";
import { MOST_CHOICES } from "../../lib/use-read-on.ts";
import { BehaviourFields } from "./form/behaviour-fields.tsx";
import { changesOf, type ContainerWish, fieldsOf, NO_GPU } from "./form/container-wish.ts";
import { type Fault, faultsInRefusal, faultsOf, showFaults } from "./form/faults.ts";
import { FreeNow } from "./form/free-now.tsx";
import { GpuFields } from "./form/gpu-fields.tsx";
import { LimitFields } from "./form/limit-fields.tsx";
import { MountFields } from "./form/mount-fields.tsx";
import { PortFields } from "./form/port-fields.tsx";
import { ProgramFields } from "./form/program-fields.tsx";

const route = getRouteApi("/inside/containers/new");
const PLAIN = ContainerSpec.parse({});
/** Shown without opening anything. */
const FIRST = new Set<unknown>([
  "image",
  "gpu_type",
  "gpu_count",
  "machine_id",
  "name",
] satisfies (keyof ContainerWish)[]);

/** Image, GPU, name: everything else has a good default, which its image may say. */
export function NewContainerPage() {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const navigate = route.useNavigate();
  const asked = route.useSearch();
  const [form] = Form.useForm<ContainerWish>();
  const [isOpen, setOpen] = useState(false);
  const [others, setOthers] = useState<Fault[]>([]);
  const images = useAllImages();
  const machines = useQuery(trpc.machine.list.queryOptions({ limit: 500 }));
  const machineId = Form.useWatch("machine_id", form);
  const imageName = Form.useWatch("image", form);
  const gpuType = Form.useWatch("gpu_type", form);
  const desired = Form.useWatch("desired", form);
  const ready = images.items.filter(({ phase }) => phase === "Ready");
  const image = ready.find(({ name }) => name === imageName);
  const base = image ? ContainerSpec.parse(image.create_params) : PLAIN;
  const filledFrom = useRef<string | null>(null);
  const show = (faults: Fault[]): void => {
    if (faults.some(({ path }) => !FIRST.has(path[0]))) setOpen(true);
    setOthers(showFaults(form, faults));
  };
  const create = useMutation(
    trpc.container.create.mutationOptions({
      onSuccess: ({ container_id }) =>
        navigate({ to: "/containers/$containerId", params: { containerId: String(container_id) } }),
      onError: (error) => show(faultsInRefusal(error)),
      onSettled: () => void queryClient.invalidateQueries(trpc.container.pathFilter()),
    }),
  );

  // What the image says of its containers, wherever nobody has said otherwise.
  useEffect(() => {
    if (!image || filledFrom.current === image.name) return;
    filledFrom.current = image.name;
    const { env: _inherited, gpu_type, gpu_count, ...fields } = fieldsOf(ContainerSpec.parse(image.create_params));
    const defaults = { ...fields, ...(asked.gpu === undefined && { gpu_type, gpu_count }) };
    const untouched = (Object.keys(defaults) as (keyof typeof defaults)[]).filter((name) => !form.isFieldTouched(name));
    // `setFieldsValue` would count as touching: the next image could not fill these again.
    form.setFields(untouched.map((name) => ({ name, value: defaults[name], touched: false, errors: [] })));
  }, [image, form, asked.gpu, filledFrom]);

  const submit = (wish: ContainerWish): void => {
    const input = {
      name: wish.name ?? "",
      image: wish.image,
      on_loss: wish.on_loss,
      on_drain: wish.on_drain,
      desired: wish.desired,
      ...(wish.display_name && { display_name: wish.display_name }),
      ...(wish.machine_id !== undefined && { machine_id: wish.machine_id }),
      ...changesOf({ ...base, env: {} }, wish),
    };
    const checked = CreateContainerInput.safeParse(input);
    if (!checked.success) return show(faultsOf(checked.error, t));
    setOthers([]);
    create.mutate(checked.data);
  };
  return (
    <div className="form-with-aside">
      <PageHead title={t("containers.new_title")} />
      {images.error && <Failure error={images.error} onRetry={() => void images.refetch()} />}
      {machines.error && <Failure error={machines.error} onRetry={() => void machines.refetch()} />}
      <Form<ContainerWish>
        className="container-form"
        form={form}
        layout="vertical"
        requiredMark={false}
        disabled={create.isPending}
        initialValues={{
          ...fieldsOf(PLAIN),
          image: asked.image,
          gpu_type: asked.gpu ?? NO_GPU,
          machine_id: asked.machine,
          on_loss: "recreate",
          on_drain: "stop",
          desired: "running",
        }}
        onFinish={() => submit(form.getFieldsValue(true) as ContainerWish)}
        onFinishFailed={() => setOpen(true)}
      >
        <Form.Item
          name="image"
          label={t("containers.new_image")}
          extra={image?.description ?? (images.isCut && t("common.cut", { most: MOST_CHOICES }))}
        >
          <Select
            showSearch={{ optionFilterProp: "label" }}
            loading={images.isPending}
            placeholder={t("containers.new_image_hint")}
            notFoundContent={t("containers.new_no_image")}
            options={ready.map(({ name, display_name }) => ({
              value: name,
              label: display_name === null ? name : `${display_name} (${name})`,
            }))}
          />
        </Form.Item>
        <div className="form-row">
          <GpuFields machines={machines.data?.items ?? []} machineId={machineId} />
          <Form.Item name="machine_id" label={t("containers.new_machine")}>
            <Select
              allowClear
              placeholder={t("containers.new_any_machine")}
              options={(machines.data?.items ?? [])
                .filter(({ runs_containers }) => runs_containers)
                .map(({ machine_id, name }) => ({ value: machine_id, label: name }))}
            />
          </Form.Item>
        </div>
        <Form.Item name="name" label={t("containers.new_name")} extra={t("containers.new_name_hint")}>
          <Input placeholder="experiment-1" autoComplete="off" spellCheck={false} />
        </Form.Item>
        <Collapse
          ghost
          activeKey={isOpen ? ["more"] : []}
          onChange={(keys) => setOpen(keys.length > 0)}
          items={[
            {
              key: "more",
              label: t("containers.new_more"),
              forceRender: true,
              children: (
                <>
                  <section>
                    <h2>{t("container_form.limits")}</h2>
                    <LimitFields />
                  </section>
                  <section>
                    <h2>{t("container_form.mounts")}</h2>
                    <MountFields machineId={machineId} />
                  </section>
                  <section>
                    <h2>{t("container_form.ports")}</h2>
                    <PortFields />
                  </section>
                  <section>
                    <h2>{t("container_form.program")}</h2>
                    <ProgramFields inherited={Object.keys(base.env)} />
                  </section>
                  <section>
                    <h2>{t("container_form.behaviour")}</h2>
                    <Form.Item name="display_name" label={t("container_form.display_name")}>
                      <Input autoComplete="off" />
                    </Form.Item>
                    <Form.Item name="desired" label={t("container_form.desired")}>
                      <Radio.Group
                        options={[
                          { value: "running", label: t("container_form.desired_running") },
                          { value: "stopped", label: t("container_form.desired_stopped") },
                        ]}
                      />
                    </Form.Item>
                    <BehaviourFields />
                  </section>
                </>
              ),
            },
          ]}
        />
        {others.map(({ path, message }) => (
          <p key={path.join(".")} className="field-error" role="alert">
            {message}
          </p>
        ))}
        {create.error && faultsInRefusal(create.error).length === 0 && <Failure error={create.error} />}
        <Button type="primary" htmlType="submit" loading={create.isPending}>
          {t(desired === "stopped" ? "container_form.make" : "containers.new_submit")}
        </Button>
      </Form>
      <FreeNow
        machines={machines.data?.items ?? []}
        machineId={machineId}
        gpuType={gpuType}
        onTake={({ machine_id }, gpu_type) => form.setFieldsValue({ machine_id, gpu_type })}
      />
    </div>
  );
}
