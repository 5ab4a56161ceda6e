import type { ManagedUser } from "@berth/spec/user.ts";
import { App, Form, Input, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { hashPassword } from "../../lib/hash-password.ts";
import { useSetPassword } from "./use-set-password.ts";

/** For who has forgotten theirs. */
export function SetPasswordDialog({ user, onClose }: { user: ManagedUser; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [form] = Form.useForm<{ password: string }>();
  const { user_id, account } = user;
  const set = useSetPassword(() => {
    void message.success(t("users.password_set", { account }));
    onClose();
  });
  return (
    <Modal
      open
      title={t("users.set_password_title", { account })}
      onCancel={onClose}
      onOk={() => form.submit()}
      okText={t("users.set_password")}
      cancelText={t("common.cancel")}
      confirmLoading={set.isPending}
    >
      <p>{t("users.set_password_text")}</p>
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={({ password }) => set.mutate({ user_id, new_password: hashPassword(password) })}
      >
        <Form.Item
          name="password"
          label={t("profile.new_password")}
          extra={t("users.first_password_hint")}
          rules={[{ required: true, min: 8, message: t("auth.too_short") }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        {set.error && <Failure error={set.error} />}
      </Form>
    </Modal>
  );
}
