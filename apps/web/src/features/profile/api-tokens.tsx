import { DeleteOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Form, Input, InputNumber, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { CopyText } from "../../components/copy-text.tsx";
import { Failure } from "../../components/failure.tsx";
import { useQuestion } from "../../components/use-question.ts";
import { TimeAgo } from "../../components/time-ago.tsx";
import { useFormat } from "../../lib/format.ts";
import { useTRPC } from "../../lib/trpc.ts";

interface Wish {
  name: string;
  scope: "read" | "write";
  expires_in_days: number;
}

/** For programs, and for `docker login`. */
export function ApiTokens() {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const ask = useQuestion();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Wish>();
  const tokens = useQuery(trpc.user.api_tokens.list.queryOptions());
  const onSettled = (): void => void queryClient.invalidateQueries(trpc.user.api_tokens.pathFilter());
  const create = useMutation(
    trpc.user.api_tokens.create.mutationOptions({ onSettled, onSuccess: () => form.resetFields() }),
  );
  const revoke = useMutation(trpc.user.api_tokens.revoke.mutationOptions({ onSettled }));
  const error = tokens.error ?? create.error ?? revoke.error;
  return (
    <>
      {create.data && (
        <Alert
          type="success"
          title={t("profile.token_once", { name: create.data.name })}
          description={<CopyText text={create.data.token} label={create.data.name} />}
        />
      )}
      <ul className="rows">
        {tokens.data?.items.map(({ token_id, name, scope, expires_at, last_used_at }) => (
          <li key={token_id}>
            <span>
              <strong>{name}</strong>{" "}
              <span className="quiet">
                {t(`profile.scope.${scope}`)} · {t("profile.expires", { at: exact(expires_at) })} ·{" "}
                {last_used_at === null ? t("profile.never_used") : <TimeAgo at={last_used_at} />}
              </span>
            </span>
            <Button
              type="text"
              danger
              icon={<DeleteOutlined />}
              aria-label={`${t("common.delete")}: ${name}`}
              onClick={() =>
                ask({
                  title: t("profile.revoke_title", { name }),
                  text: `${t("profile.revoke_text")} ${
                    last_used_at === null
                      ? t("profile.revoke_unused")
                      : t("profile.revoke_used", { at: exact(last_used_at) })
                  }`,
                  verb: t("common.delete"),
                  work: () => revoke.mutateAsync({ token_id }),
                })
              }
            />
          </li>
        ))}
      </ul>
      {tokens.data?.items.length === 0 && <p className="quiet">{t("profile.no_tokens")}</p>}
      {error && <Failure error={error} />}
      <Form<Wish>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ scope: "read", expires_in_days: 90 }}
        onFinish={(wish) => create.mutate(wish)}
      >
        <div className="form-row">
          <Form.Item name="name" label={t("profile.token_name")} rules={[{ required: true }]}>
            <Input maxLength={64} autoComplete="off" />
          </Form.Item>
          <Form.Item name="expires_in_days" label={t("profile.token_days")} rules={[{ required: true }]}>
            <InputNumber min={1} max={366} />
          </Form.Item>
          <Form.Item name="scope" label={t("profile.token_scope")}>
            <Segmented
              options={(["read", "write"] as const).map((value) => ({ value, label: t(`profile.scope.${value}`) }))}
            />
          </Form.Item>
        </div>
        <Button htmlType="submit" loading={create.isPending}>
          {t("profile.add_token")}
        </Button>
      </Form>
    </>
  );
}
