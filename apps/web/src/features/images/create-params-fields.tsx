import { RestartPolicy } from "@berth/spec/create-params.ts";
import { Form, Input, InputNumber, Select, Switch } from "antd";
import { useTranslation } from "react-i18next";
import { badEnvLine } from "../../lib/typed-lines.ts";
import { PortFields } from "../containers/form/port-fields.tsx";
import "./create-params-fields.css";

const LINES = { minRows: 2, maxRows: 8 };

/** The fields of an image's dictionary below `params` of a form: see `ParamsValues`. */
export function CreateParamsFields() {
  const { t } = useTranslation();
  return (
    <>
      <div className="form-row">
        <Form.Item name={["params", "gpu_count"]} label={t("builds.param.gpu_count")}>
          <InputNumber min={0} max={64} precision={0} placeholder="0" />
        </Form.Item>
        <Form.Item name={["params", "gpu_type"]} label={t("builds.param.gpu_type")}>
          <Input maxLength={128} placeholder={t("builds.param.default")} />
        </Form.Item>
      </div>
      <div className="form-row">
        <Form.Item name={["params", "cpus"]} label={t("builds.param.cpus")}>
          <InputNumber min={0.01} max={1_024} step={1} />
        </Form.Item>
        <Form.Item name={["params", "memory"]} label={t("builds.param.memory")}>
          <InputNumber min={6} max={16_777_216} precision={0} step={1_024} />
        </Form.Item>
        <Form.Item name={["params", "shm"]} label={t("builds.param.shm")}>
          <InputNumber min={1} max={16_777_216} precision={0} step={64} />
        </Form.Item>
      </div>
      <Form.Item name={["params", "command"]} label={t("builds.param.command")} extra={t("builds.param.command_hint")}>
        <Input.TextArea autoSize={LINES} spellCheck={false} />
      </Form.Item>
      <div className="form-row">
        <Form.Item name={["params", "entrypoint"]} label={t("builds.param.entrypoint")}>
          <Input.TextArea autoSize={{ minRows: 1, maxRows: 8 }} spellCheck={false} />
        </Form.Item>
        <Form.Item name={["params", "working_dir"]} label={t("builds.param.working_dir")}>
          <Input placeholder="/root" spellCheck={false} />
        </Form.Item>
      </div>
      <Form.Item
        name={["params", "env"]}
        label={t("builds.param.env")}
        extra={t("builds.param.env_hint")}
        rules={[
          {
            validator(_rule, text: string | undefined) {
              const line = badEnvLine(text ?? "");
              if (line === null) return Promise.resolve();
              return Promise.reject(new Error(t("builds.param.env_bad", { line })));
            },
          },
        ]}
      >
        <Input.TextArea autoSize={LINES} spellCheck={false} />
      </Form.Item>
      <div className="port-fields" role="group" aria-label={t("builds.param.ports")}>
        <span>{t("builds.param.ports")}</span>
        <PortFields at={["params", "ports"]} isChecked />
      </div>
      <div className="form-row">
        <Form.Item name={["params", "restart"]} label={t("builds.param.restart")} initialValue="unless-stopped">
          <Select
            options={RestartPolicy.options.map((value) => ({ value, label: t(`builds.param.restarts.${value}`) }))}
          />
        </Form.Item>
        <Form.Item
          name={["params", "tty"]}
          label={t("builds.param.tty")}
          extra={t("builds.param.tty_hint")}
          valuePropName="checked"
          initialValue
        >
          <Switch />
        </Form.Item>
      </div>
    </>
  );
}
