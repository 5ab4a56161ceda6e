import { useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Form, Input, InputNumber, Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { CopyText } from "../../../components/copy-text.tsx";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { NameField } from "./name-field.tsx";
import { useAddMachine } from "./use-add-machine.ts";

const HOST = /^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$/;
const USER = /^[a-z_][a-z0-9_-]{0,31}$/i;

interface Values {
  user: string;
  host: string;
  port: number;
  name?: string;
  is_builder: boolean;
}

/** A server that Berth signs in to: its key is put there first. */
export function AddBySsh() {
  const { t } = useTranslation();
  const key = useQuery(useTRPC().machine.ssh_key.queryOptions());
  const add = useAddMachine();
  const submit = ({ user, host, port, name, is_builder }: Values): void => {
    const address = host.includes(":") ? `[${host}]` : host;
    add.mutate({ url: `ssh://${user}@${address}:${port}`, is_builder, ...(name && { name }) });
  };
  return (
    <>
      <p>{t("joining.ssh_text")}</p>
      <h3>{t("joining.ssh_step_key")}</h3>
      {key.error && <Failure error={key.error} onRetry={() => void key.refetch()} />}
      {key.isPending && <Skeleton active title={false} paragraph={{ rows: 1 }} />}
      {key.data && (
        <CopyText
          text={`mkdir -p ~/.ssh && echo '${key.data.public_key.trim()}' >> ~/.ssh/authorized_keys`}
          label={t("joining.ssh_key")}
        />
      )}
      <h3>{t("joining.ssh_step_address")}</h3>
      <Form<Values>
        layout="vertical"
        requiredMark={false}
        initialValues={{ user: "root", port: 22, is_builder: false }}
        onFinish={submit}
      >
        <div className="form-row">
          <Form.Item name="user" label={t("joining.user")} rules={[{ required: true, pattern: USER }]}>
            <Input autoComplete="off" spellCheck={false} />
          </Form.Item>
          <Form.Item
            name="host"
            label={t("joining.host")}
            rules={[{ required: true, pattern: HOST, message: t("joining.host_rule") }]}
          >
            <Input autoComplete="off" spellCheck={false} />
          </Form.Item>
          <Form.Item name="port" label={t("joining.port")} rules={[{ required: true }]}>
            <InputNumber min={1} max={65_535} precision={0} />
          </Form.Item>
        </div>
        <NameField />
        <Form.Item name="is_builder" valuePropName="checked">
          <Checkbox>{t("joining.is_builder")}</Checkbox>
        </Form.Item>
        {add.error && <Failure error={add.error} />}
        <Button type="primary" htmlType="submit" loading={add.isPending}>
          {t("joining.add")}
        </Button>
      </Form>
    </>
  );
}
