import { useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../components/failure.tsx";
import { useSignIn } from "../features/auth/use-sign-in.ts";
import { signedIn } from "../lib/signed-in.ts";
import { useStore } from "../lib/store.ts";

/** Above the page, which keeps what was typed into it. */
export function SignInAgain() {
  const { t } = useTranslation();
  const isOver = useStore(signedIn) === "ended";
  const queryClient = useQueryClient();
  const { signIn, isPending, error } = useSignIn();
  const submit = ({ account, password }: { account: string; password: string }): void => {
    signIn(account, password).then(
      () => queryClient.invalidateQueries(),
      () => undefined, // `error` says it
    );
  };
  return (
    <Modal open={isOver} title={t("auth.sign_in")} footer={null} closable={false} keyboard={false} destroyOnHidden>
      <p>{t("auth.session_over")}</p>
      <Form layout="vertical" onFinish={submit} requiredMark={false}>
        <Form.Item name="account" label={t("auth.account")} rules={[{ required: true }]}>
          <Input autoComplete="username" autoFocus />
        </Form.Item>
        <Form.Item name="password" label={t("auth.password")} rules={[{ required: true }]}>
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        {error && <Failure error={error} />}
        <Button type="primary" htmlType="submit" block loading={isPending}>
          {t("auth.sign_in")}
        </Button>
      </Form>
    </Modal>
  );
}
