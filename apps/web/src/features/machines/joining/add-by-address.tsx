import type { AddMachineInput } from "@berth/spec/machine.ts";
import { Button, Checkbox, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { NameField } from "./name-field.tsx";
import { useAddMachine } from "./use-add-machine.ts";

const TLS = ["ca", "cert", "key"] as const;

interface Values extends Partial<Record<(typeof TLS)[number], string>> {
  url: string;
  name?: string;
  allow_insecure: boolean;
  is_builder: boolean;
}

/** For a Docker that is set up already. */
export function AddByAddress() {
  const { t } = useTranslation();
  const [form] = Form.useForm<Values>();
  const add = useAddMachine();
  const url = Form.useWatch("url", form) ?? "";
  const isTcp = url.startsWith("tcp:");
  const checkAll = async (): Promise<void> => {
    const given = TLS.filter((part) => Boolean(form.getFieldValue(part)));
    if (given.length > 0 && given.length < TLS.length) throw new Error(t("joining.tls_all"));
  };
  const submit = ({ ca, cert, key, name, allow_insecure, ...rest }: Values): void => {
    const input: Partial<AddMachineInput> & { url: string } = {
      ...rest,
      ...(name && { name }),
      ...(isTcp && ca && cert && key ? { tls: { ca, cert, key } } : {}),
      ...(isTcp && { allow_insecure: allow_insecure ?? false }),
    };
    add.mutate(input);
  };
  return (
    <>
      <p>{t("joining.address_text")}</p>
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ allow_insecure: false, is_builder: false }}
        onFinish={submit}
      >
        <Form.Item
          name="url"
          label={t("joining.url")}
          extra={t("joining.url_hint")}
          rules={[{ required: true, max: 300, pattern: /^(unix|tcp):\/\//, message: t("joining.url_rule") }]}
        >
          <Input autoComplete="off" spellCheck={false} />
        </Form.Item>
        {isTcp && (
          <>
            {TLS.map((part) => (
              <Form.Item
                key={part}
                name={part}
                label={t(`joining.tls_${part}`)}
                {...(part === "key" && { dependencies: ["ca", "cert"], rules: [{ validator: checkAll }] })}
              >
                <Input.TextArea rows={2} autoComplete="off" spellCheck={false} maxLength={32_768} />
              </Form.Item>
            ))}
            <Form.Item name="allow_insecure" valuePropName="checked" extra={t("joining.insecure_hint")}>
              <Checkbox>{t("joining.insecure")}</Checkbox>
            </Form.Item>
          </>
        )}
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
