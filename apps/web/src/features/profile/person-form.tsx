import { type Me, ProfileFields } from "@berth/spec/user.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { said } from "../../lib/said.ts";
import { Failure } from "../../components/failure.tsx";
import { useTRPC } from "../../lib/trpc.ts";

const FIELDS = ["nickname", "email", "phone"] as const;
type Values = Record<(typeof FIELDS)[number], string>;

export function PersonForm({ me }: { me: Me }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const save = useMutation(
    trpc.user.set_profile.mutationOptions({
      onSuccess: () => void message.success(t("common.saved")),
      onSettled: () => void queryClient.invalidateQueries(trpc.user.pathFilter()),
    }),
  );
  return (
    <Form<Values>
      layout="vertical"
      requiredMark={false}
      initialValues={{ nickname: me.nickname ?? "", email: me.email ?? "", phone: me.phone ?? "" }}
      onFinish={(values) => save.mutate(values)}
    >
      {FIELDS.map((field) => (
        <Form.Item
          key={field}
          name={field}
          label={t(`profile.${field}`)}
          rules={[{ validator: (_rule, value: string) => check(field, value) }]}
        >
          <Input autoComplete={field === "phone" ? "tel" : field} />
        </Form.Item>
      ))}
      {save.error && <Failure error={save.error} />}
      <Button type="primary" htmlType="submit" loading={save.isPending}>
        {t("common.save")}
      </Button>
    </Form>
  );
}

/** The server's own rule, before it is asked. */
function check(field: (typeof FIELDS)[number], value: string): Promise<void> {
  const issue = ProfileFields.shape[field].safeParse(value).error?.issues[0];
  const text = issue?.code === "invalid_union" ? issue.errors.flat().at(-1)?.message : issue?.message;
  return text === undefined ? Promise.resolve() : Promise.reject(new Error(said(text)));
}
