import "./storages.css";
import type { Machine } from "@berth/spec/machine.ts";
import { StorageName } from "@berth/spec/mount.ts";
import { HostPath, type Storage, StorageKind } from "@berth/spec/storage.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Checkbox, Form, Input, Modal, Segmented, Select } from "antd";
import { useTranslation } from "react-i18next";
import type { z } from "zod";
import { checkBy } from "../../lib/check-by.ts";
import { Failure } from "../../components/failure.tsx";
import { useTRPC } from "../../lib/trpc.ts";

interface Values {
  name: string;
  display_name: string;
  description: string;
  kind: StorageKind;
  /** Asked for of a scratch only. */
  per_user?: boolean;
  /** Empty is every machine. */
  machine_id: string;
  source: Storage["source"];
  path?: string;
}

interface StorageDialogProps {
  /** Null makes a new one. */
  storage: Storage | null;
  machines: readonly Machine[];
  onClose(): void;
}

export function StorageDialog({ storage, machines, onClose }: StorageDialogProps) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Values>();
  const kind = Form.useWatch("kind", form) ?? storage?.kind ?? "home";
  const source = Form.useWatch("source", form) ?? storage?.source ?? "path";
  const options = {
    onSuccess: onClose,
    onSettled: () => void queryClient.invalidateQueries(trpc.storage.pathFilter()),
  };
  const create = useMutation(trpc.storage.create.mutationOptions(options));
  const update = useMutation(trpc.storage.update.mutationOptions(options));
  const submit = (values: Values): void => {
    const place = placeOf(values);
    const { display_name, description } = values;
    if (storage) {
      const said = { display_name: display_name || null, description: description || null };
      return update.mutate({ storage_id: storage.storage_id, ...said, ...changesOf(storage, place) });
    }
    const { machine_id, path, ...rest } = place;
    create.mutate({
      name: values.name,
      ...rest,
      ...(machine_id !== null && { machine_id }),
      ...(path !== null && { path }),
      ...(display_name && { display_name }),
      ...(description && { description }),
    });
  };
  const error = create.error ?? update.error;
  return (
    <Modal
      open
      title={storage ? t("storages.edit_title", { name: storage.name }) : t("storages.create")}
      onCancel={onClose}
      onOk={() => form.submit()}
      okText={storage ? t("common.save") : t("storages.create")}
      cancelText={t("common.cancel")}
      confirmLoading={create.isPending || update.isPending}
    >
      <p className="quiet storage-text">{storage ? t("storages.in_use_hint") : t("storages.text")}</p>
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={valuesOf(storage)}
        onFinish={submit}
      >
        <Form.Item
          name="name"
          label={t("storages.name")}
          extra={storage ? undefined : t("storages.name_hint")}
          rules={[ruleOf(StorageName)]}
        >
          <Input disabled={storage !== null} autoComplete="off" spellCheck={false} />
        </Form.Item>
        <Form.Item name="kind" label={t("storages.kind")} extra={t(`storages.kind_hint.${kind}`)}>
          <Segmented options={StorageKind.options.map((value) => ({ value, label: t(`storages.kinds.${value}`) }))} />
        </Form.Item>
        {kind === "scratch" && (
          <Form.Item name="per_user" valuePropName="checked">
            <Checkbox>{t("storages.per_user")}</Checkbox>
          </Form.Item>
        )}
        <Form.Item name="machine_id" label={t("storages.machine")}>
          <Select
            options={[
              { value: "", label: t("storages.all_machines") },
              ...machines.map(({ machine_id, name }) => ({ value: machine_id, label: name })),
            ]}
          />
        </Form.Item>
        <Form.Item
          name="source"
          label={t("storages.source")}
          extra={source === "volume" ? t("storages.volume_hint") : undefined}
        >
          <Segmented
            options={(["path", "volume"] as const).map((value) => ({ value, label: t(`storages.sources.${value}`) }))}
          />
        </Form.Item>
        {source === "path" && (
          <Form.Item name="path" label={t("storages.path")} extra={t("storages.path_hint")} rules={[ruleOf(HostPath)]}>
            <Input placeholder="/srv/homes" autoComplete="off" spellCheck={false} />
          </Form.Item>
        )}
        <Form.Item name="display_name" label={t("storages.display_name")}>
          <Input maxLength={100} autoComplete="off" />
        </Form.Item>
        <Form.Item name="description" label={t("storages.description")} extra={t("storages.description_hint")}>
          <Input.TextArea rows={2} maxLength={4_000} />
        </Form.Item>
        {error && <Failure error={error} />}
      </Form>
    </Modal>
  );
}

const valuesOf = (storage: Storage | null): Values => ({
  name: storage?.name ?? "",
  display_name: storage?.display_name ?? "",
  description: storage?.description ?? "",
  kind: storage?.kind ?? "home",
  per_user: storage?.per_user ?? false,
  machine_id: storage?.machine_id ?? "",
  source: storage?.source ?? "path",
  path: storage?.path ?? "",
});

type Place = Pick<Storage, "kind" | "per_user" | "machine_id" | "path">;

/** A home is always each user's own, a dataset never. */
const placeOf = ({ kind, per_user, machine_id, source, path }: Values): Place => ({
  kind,
  per_user: kind === "home" || (kind === "scratch" && (per_user ?? false)),
  machine_id: machine_id || null,
  path: source === "path" ? (path?.trim() ?? null) : null,
});

/** Where the data is can't be changed while containers use it: it is not even named where it stays. */
const changesOf = (storage: Storage, place: Place): Partial<Place> =>
  Object.fromEntries(
    (Object.keys(place) as (keyof Place)[])
      .filter((field) => place[field] !== storage[field])
      .map((field) => [field, place[field]]),
  );

const ruleOf = (schema: z.ZodType) => ({
  validator: (_rule: unknown, value: unknown): Promise<void> => checkBy(schema, value),
});
