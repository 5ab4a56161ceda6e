import { MachineName } from "@berth/spec/machine.ts";
import { Form, Input } from "antd";
import { useTranslation } from "react-i18next";

/** A machine's name, which it may go without: then it has its engine's. */
export function NameField() {
  const { t } = useTranslation();
  const check = (_rule: unknown, name: string | undefined): Promise<void> =>
    !name || MachineName.safeParse(name).success
      ? Promise.resolve()
      : Promise.reject(new Error(t("machine.name_rule")));
  return (
    <Form.Item name="name" label={t("joining.name")} extra={t("joining.name_hint")} rules={[{ validator: check }]}>
      <Input autoComplete="off" spellCheck={false} />
    </Form.Item>
  );
}
