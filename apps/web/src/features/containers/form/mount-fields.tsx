import "./list-row.css";
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import type { StorageKind } from "@berth/spec/storage.ts";
import { useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";

const PATHS: Record<StorageKind, string> = { home: "/root/work", dataset: "/data", scratch: "/scratch" };

/** Data that is not the container's own, and that no image takes along. */
export function MountFields({ machineId }: { machineId: string | undefined }) {
  const { t } = useTranslation();
  const storages = useQuery(useTRPC().storage.list.queryOptions({ limit: 500, machine_id: machineId }));
  const named = new Map((storages.data?.items ?? []).map((storage) => [storage.name, storage]));
  const [first] = named.values();
  return (
    <Form.List name="mounts">
      {(fields, { add, remove }, { errors }) => (
        <>
          {storages.error && <Failure error={storages.error} onRetry={() => void storages.refetch()} />}
          {fields.map(({ key, name }) => (
            <fieldset key={key} className="list-row">
              <legend className="visually-hidden">{t("container_form.mount", { number: name + 1 })}</legend>
              <Form.Item name={[name, "storage"]} label={t("container_form.mount_storage")}>
                <Select
                  options={[...named.values()].map((storage) => ({
                    value: storage.name,
                    label: `${storage.display_name ?? storage.name} · ${t(`container_form.storage_kind.${storage.kind}`)}`,
                  }))}
                />
              </Form.Item>
              <Form.Item name={[name, "path"]} label={t("container_form.mount_path")}>
                <Input placeholder="/data" autoComplete="off" spellCheck={false} />
              </Form.Item>
              <div className="list-row-foot">
                <Form.Item name={[name, "read_only"]} valuePropName="checked">
                  <Checkbox>{t("container_form.mount_read_only")}</Checkbox>
                </Form.Item>
                <Button
                  type="text"
                  icon={<DeleteOutlined />}
                  aria-label={`${t("container_form.mount_remove")} ${name + 1}`}
                  onClick={() => remove(name)}
                />
              </div>
            </fieldset>
          ))}
          <Form.ErrorList errors={errors} />
          {storages.isSuccess && !first && fields.length === 0 ? (
            <p className="quiet">{t("container_form.no_storage")}</p>
          ) : (
            <Button
              icon={<PlusOutlined />}
              disabled={!first}
              onClick={() =>
                add({
                  storage: first?.name ?? "",
                  path: PATHS[first?.kind ?? "home"],
                  read_only: first?.kind === "dataset",
                })
              }
            >
              {t("container_form.mount_add")}
            </Button>
          )}
        </>
      )}
    </Form.List>
  );
}
