import { Account } from "@berth/spec/user.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Form, Input, Modal, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { checkBy } from "../../lib/check-by.ts";
import { Failure } from "../../components/failure.tsx";
import { hashPassword } from "../../lib/hash-password.ts";
import { useTRPC } from "../../lib/trpc.ts";

interface Values {
  account: string;
  password: string;
  role: "user" | "admin";
}

export function CreateUserDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Values>();
  const create = useMutation(
    trpc.user.create.mutationOptions({
      onSuccess: onClose,
      onSettled: () => void queryClient.invalidateQueries(trpc.user.pathFilter()),
    }),
  );
  const check = (_rule: unknown, account: string | undefined): Promise<void> =>
    account ? checkBy(Account, account) : Promise.resolve();
  return (
    <Modal
      open
      title={t("users.create")}
      onCancel={onClose}
      onOk={() => form.submit()}
      okText={t("users.create")}
      cancelText={t("common.cancel")}
      confirmLoading={create.isPending}
    >
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ role: "user" }}
        onFinish={({ password, ...rest }) => create.mutate({ ...rest, password: hashPassword(password) })}
      >
        <Form.Item
          name="account"
          label={t("auth.account")}
          extra={t("auth.account_rule")}
          rules={[{ required: true }, { validator: check }]}
        >
          <Input autoComplete="off" spellCheck={false} />
        </Form.Item>
        <Form.Item
          name="password"
          label={t("users.first_password")}
          extra={t("users.first_password_hint")}
          rules={[{ required: true, min: 8, message: t("auth.too_short") }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item name="role" label={t("users.role")}>
          <Segmented
            options={(["user", "admin"] as const).map((value) => ({ value, label: t(`users.roles.${value}`) }))}
          />
        </Form.Item>
        {create.error && <Failure error={create.error} />}
      </Form>
    </Modal>
  );
}
