import { DeleteOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Form, Input, InputNumber } from "antd";
import { useTranslation } from "react-i18next";
import { CopyText } from "../../components/copy-text.tsx";
import { Failure } from "../../components/failure.tsx";
import { useQuestion } from "../../components/use-question.ts";
import { useFormat } from "../../lib/format.ts";
import { useTRPC } from "../../lib/trpc.ts";

interface Values {
  note?: string;
  uses: number;
  expires_in_days: number;
}

export function Invitations() {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const ask = useQuestion();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Values>();
  const invitations = useQuery(trpc.invitation.list.queryOptions({}));
  const onSettled = (): void => void queryClient.invalidateQueries(trpc.invitation.pathFilter());
  const create = useMutation(
    trpc.invitation.create.mutationOptions({ onSettled, onSuccess: () => form.resetFields() }),
  );
  const revoke = useMutation(trpc.invitation.revoke.mutationOptions({ onSettled }));
  const error = invitations.error ?? create.error ?? revoke.error;
  const submit = ({ note, ...rest }: Values): void => create.mutate({ ...rest, ...(note && { note }) });
  return (
    <>
      {create.data && (
        <Alert
          type="success"
          title={t("settings.invitation_once")}
          description={
            <CopyText
              text={`${location.origin}/register?invitation=${encodeURIComponent(create.data.code)}`}
              label={t("auth.invitation")}
            />
          }
        />
      )}
      <ul className="rows">
        {invitations.data?.items.map(({ invitation_id, note, uses_left, expires_at }) => (
          <li key={invitation_id}>
            <span>
              <strong>{note ?? t("settings.no_note")}</strong>{" "}
              <span className="quiet">
                {t("settings.uses_left", { count: uses_left })} · {t("profile.expires", { at: exact(expires_at) })}
              </span>
            </span>
            <Button
              type="text"
              danger
              icon={<DeleteOutlined />}
              aria-label={`${t("common.delete")}: ${note ?? invitation_id}`}
              onClick={() =>
                ask({
                  title: t("settings.revoke_title", { name: note ?? `#${invitation_id}` }),
                  text: t("settings.revoke_text", { count: uses_left, at: exact(expires_at) }),
                  verb: t("common.delete"),
                  work: () => revoke.mutateAsync({ invitation_id }),
                })
              }
            />
          </li>
        ))}
      </ul>
      {error && <Failure error={error} />}
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ uses: 1, expires_in_days: 7 }}
        onFinish={submit}
      >
        <div className="form-row">
          <Form.Item name="note" label={t("settings.note")}>
            <Input maxLength={100} autoComplete="off" />
          </Form.Item>
          <Form.Item name="uses" label={t("settings.uses")} rules={[{ required: true }]}>
            <InputNumber min={1} max={500} precision={0} />
          </Form.Item>
          <Form.Item name="expires_in_days" label={t("profile.token_days")} rules={[{ required: true }]}>
            <InputNumber min={1} max={90} precision={0} />
          </Form.Item>
        </div>
        <Button htmlType="submit" loading={create.isPending}>
          {t("settings.invite")}
        </Button>
      </Form>
    </>
  );
}
