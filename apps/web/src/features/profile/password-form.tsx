import { App, Button, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { useQuestion } from "../../components/use-question.ts";
import { hashPassword } from "../../lib/hash-password.ts";
import { useSetPassword } from "../users/use-set-password.ts";
import { useEndingTokens } from "./use-ending-tokens.ts";

/** Ends every other session of the account, and its API tokens. */
export function PasswordForm({ userId, account }: { userId: number; account: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [form] = Form.useForm<{ password: string; repeated: string }>();
  const ask = useQuestion();
  const endingTokens = useEndingTokens();
  const change = useSetPassword(() => {
    form.resetFields();
    void message.success(t("profile.password_changed"));
  });
  const submit = ({ password }: { password: string }): void => {
    const wish = { user_id: userId, new_password: hashPassword(password) };
    if (endingTokens === null) return change.mutate(wish);
    ask({
      title: t("profile.change_title"),
      text: endingTokens,
      verb: t("profile.change_password"),
      work: () => change.mutateAsync(wish),
    });
  };
  return (
    <Form form={form} layout="vertical" requiredMark={false} onFinish={submit}>
      {/* For password managers: whose it is. */}
      <input type="text" autoComplete="username" value={account} readOnly hidden />
      <div className="form-row">
        <Form.Item
          name="password"
          label={t("profile.new_password")}
          rules={[{ required: true, min: 8, message: t("auth.too_short") }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item
          name="repeated"
          label={t("auth.repeat")}
          dependencies={["password"]}
          rules={[
            ({ getFieldValue }) => ({
              validator: (_rule, repeated: string | undefined) =>
                repeated === getFieldValue("password")
                  ? Promise.resolve()
                  : Promise.reject(new Error(t("auth.not_same"))),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
      </div>
      <p className="quiet">{t("profile.password_hint")}</p>
      {change.error && <Failure error={change.error} />}
      <Button htmlType="submit" loading={change.isPending}>
        {t("profile.change_password")}
      </Button>
    </Form>
  );
}
