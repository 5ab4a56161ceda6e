import type { ManagedUser, Quota } from "@berth/spec/user.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Form, InputNumber, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { useTRPC } from "../../lib/trpc.ts";

const COUNTS = ["gpus", "containers", "images"] as const;
const GB = 1_000_000_000;
/** `storage` in GB, as one thinks of it. */
type Values = Quota;

export function QuotaDialog({ user, onClose }: { user: ManagedUser; onClose: () => void }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Values>();
  const save = useMutation(
    trpc.user.update.mutationOptions({
      onSuccess: onClose,
      onSettled: () => void queryClient.invalidateQueries(trpc.user.pathFilter()),
    }),
  );
  const { quota, used, user_id, account } = user;
  const submit = ({ storage, ...counts }: Values): void =>
    save.mutate({ user_id, quota: { ...counts, storage: storage === null ? null : Math.round(storage * GB) } });
  return (
    <Modal
      open
      title={t("users.quota_of", { account })}
      onCancel={onClose}
      onOk={() => form.submit()}
      okText={t("common.save")}
      cancelText={t("common.cancel")}
      confirmLoading={save.isPending}
    >
      <p className="quiet">{t("users.quota_hint")}</p>
      <Form<Values>
        form={form}
        layout="vertical"
        initialValues={{ ...quota, storage: quota.storage === null ? null : quota.storage / GB }}
        onFinish={submit}
      >
        <div className="form-row">
          {COUNTS.map((kind) => (
            <Form.Item
              key={kind}
              name={kind}
              label={t(`profile.quota.${kind}`)}
              extra={t("users.holds", { count: used[kind] })}
            >
              <InputNumber min={0} max={100_000} precision={0} />
            </Form.Item>
          ))}
          <Form.Item
            name="storage"
            label={t("users.storage_gb")}
            extra={t("users.holds", { count: Number((used.storage / GB).toFixed(1)) })}
          >
            <InputNumber min={0} max={1_000_000} />
          </Form.Item>
        </div>
        {save.error && <Failure error={save.error} />}
      </Form>
    </Modal>
  );
}
