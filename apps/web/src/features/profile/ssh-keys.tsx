import { DeleteOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { useQuestion } from "../../components/use-question.ts";
import { useTRPC } from "../../lib/trpc.ts";

/** Keys by which one gets into one's containers. */
export function SshKeys() {
  const { t } = useTranslation();
  const ask = useQuestion();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<{ public_key: string }>();
  const keys = useQuery(trpc.user.ssh_keys.list.queryOptions());
  const onSettled = (): void => void queryClient.invalidateQueries(trpc.user.ssh_keys.pathFilter());
  const add = useMutation(trpc.user.ssh_keys.add.mutationOptions({ onSettled, onSuccess: () => form.resetFields() }));
  const remove = useMutation(trpc.user.ssh_keys.remove.mutationOptions({ onSettled }));
  const error = keys.error ?? add.error ?? remove.error;
  return (
    <>
      <ul className="rows">
        {keys.data?.items.map(({ key_id, type, comment, fingerprint }) => (
          <li key={key_id}>
            <span>
              <strong>{comment || type}</strong> <code className="quiet">{fingerprint}</code>
            </span>
            <Button
              type="text"
              danger
              icon={<DeleteOutlined />}
              aria-label={`${t("common.delete")}: ${comment || fingerprint}`}
              onClick={() =>
                ask({
                  title: t("profile.remove_key_title", { name: comment || type }),
                  text: t("profile.remove_key_text", { fingerprint }),
                  verb: t("common.delete"),
                  work: () => remove.mutateAsync({ key_id }),
                })
              }
            />
          </li>
        ))}
      </ul>
      {keys.data?.items.length === 0 && <p className="quiet">{t("profile.no_keys")}</p>}
      {error && <Failure error={error} />}
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={({ public_key }) => add.mutate({ public_key: public_key.trim() })}
      >
        <Form.Item
          name="public_key"
          label={t("profile.public_key")}
          extra={t("profile.public_key_hint")}
          rules={[{ required: true }]}
        >
          <Input.TextArea rows={3} spellCheck={false} placeholder="ssh-ed25519 AAAA…" />
        </Form.Item>
        <Button htmlType="submit" loading={add.isPending}>
          {t("profile.add_key")}
        </Button>
      </Form>
    </>
  );
}
