import type { Machine } from "@berth/spec/machine.ts";
import { Form, InputNumber, Select } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type GpuOffer, offersOf } from "../free-gpus.ts";
import { ANY_GPU, NAMED_GPUS, NO_GPU } from "./container-wish.ts";

interface GpuFieldsProps {
  machines: readonly Machine[];
  machineId: string | undefined;
  /** What the ones are called that are named already. */
  named?: string | undefined;
}

/** Which GPUs and how many, with what is free now and where, or that it would wait in line. */
export function GpuFields({ machines, machineId, named }: GpuFieldsProps) {
  const { t } = useTranslation();
  const form = Form.useFormInstance();
  const gpuType = (Form.useWatch("gpu_type", form) as string | undefined) ?? NO_GPU;
  const count = (Form.useWatch("gpu_count", form) as number | undefined) ?? 1;
  const offers = useMemo(() => offersOf(machines, machineId), [machines, machineId]);
  const offer = gpuType === ANY_GPU ? anyOf(offers) : offers.find(({ type }) => type === gpuType);
  const isAsked = gpuType !== NO_GPU && gpuType !== NAMED_GPUS;
  const place = (machines.find(({ machine_id }) => machine_id === machineId)?.waiting ?? 0) + 1;
  const waits = offer && !offer.places.some(({ free }) => free >= count);
  const help = !offer
    ? undefined
    : waits
      ? machineId === undefined
        ? t("containers.new_gpu_wait")
        : t("container_form.gpu_place", { place })
      : t("container_form.gpu_places", {
          places: offer.places.map(({ name, free }) => `${name} (${free})`).join(", "),
        });
  return (
    <>
      <Form.Item name="gpu_type" label={t("containers.new_gpu")} extra={help}>
        <Select
          options={[
            { value: NO_GPU, label: t("containers.new_no_gpu") },
            ...(named === undefined ? [] : [{ value: NAMED_GPUS, label: named }]),
            ...offers.map(({ type, free, total }) => ({
              value: type,
              label: `${type} · ${t("containers.new_gpu_free", { free, total })}`,
            })),
            ...(offers.length > 1 || gpuType === ANY_GPU
              ? [{ value: ANY_GPU, label: t("container_form.gpu_any") }]
              : []),
          ]}
        />
      </Form.Item>
      <Form.Item name="gpu_count" label={t("containers.new_count")} hidden={!isAsked}>
        <InputNumber min={1} max={offer?.most ?? 64} precision={0} />
      </Form.Item>
    </>
  );
}

/** Of any type: one container's GPUs may be of several. */
function anyOf(offers: readonly GpuOffer[]): GpuOffer {
  const free = new Map<string, number>();
  for (const { name, free: here } of offers.flatMap(({ places }) => places)) {
    free.set(name, (free.get(name) ?? 0) + here);
  }
  return {
    type: ANY_GPU,
    free: offers.reduce((sum, offer) => sum + offer.free, 0),
    total: offers.reduce((sum, offer) => sum + offer.total, 0),
    most: 64,
    places: [...free].map(([name, here]) => ({ name, free: here })),
  };
}
