import { Checkbox, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { badEnvLine } from "../../../lib/typed-lines.ts";

/** What runs in it, and with what. `inherited` are variables that its image has already. */
export function ProgramFields({ inherited = [] }: { inherited?: readonly string[] }) {
  const { t } = useTranslation();
  const lines = <Input.TextArea autoSize={{ minRows: 2, maxRows: 12 }} spellCheck={false} className="code-input" />;
  return (
    <>
      <Form.Item name="command" label={t("containers.new_command")} extra={t("container_form.arguments_hint")}>
        {lines}
      </Form.Item>
      <Form.Item name="entrypoint" label={t("container_form.entrypoint")} extra={t("container_form.arguments_hint")}>
        {lines}
      </Form.Item>
      <Form.Item name="working_dir" label={t("container_form.working_dir")} extra={t("container_form.from_image")}>
        <Input placeholder="/workspace" autoComplete="off" spellCheck={false} />
      </Form.Item>
      <Form.Item
        name="env"
        label={t("containers.new_env")}
        extra={
          <>
            {t("containers.new_env_hint")}
            {inherited.length > 0 && ` ${t("container_form.env_inherited", { names: inherited.join(", ") })}`}
          </>
        }
        rules={[
          {
            validator(_rule, text: string | undefined) {
              const line = badEnvLine(text ?? "");
              return line === null
                ? Promise.resolve()
                : Promise.reject(new Error(t("containers.new_env_bad", { line })));
            },
          },
        ]}
      >
        {lines}
      </Form.Item>
      <Form.Item name="tty" valuePropName="checked">
        <Checkbox>{t("container_form.tty")}</Checkbox>
      </Form.Item>
    </>
  );
}
