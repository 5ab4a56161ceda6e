import { DeleteOutlined } from "@ant-design/icons";
import { ContainerPort, RestartPolicy } from "@berth/spec/create-params.ts";
import { Button, Form, Input, InputNumber, Select, Switch } from "antd";
import { useTranslation } from "react-i18next";
import { checkBy } from "../../lib/check-by.ts";
import { badEnvLine } from "../../lib/typed-lines.ts";
import "./create-params-fields.css";

const LINES = { minRows: 2, maxRows: 8 };
const KINDS = ContainerPort.shape.kind.options;

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
      <PortFields />
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

function PortFields() {
  const { t } = useTranslation();
  return (
    <div className="port-fields" role="group" aria-label={t("builds.param.ports")}>
      <span>{t("builds.param.ports")}</span>
      <Form.List name={["params", "ports"]}>
        {(fields, { add, remove }) => (
          <>
            {fields.map(({ key, name }) => (
              <div key={key} className="port-row">
                <Form.Item
                  name={[name, "name"]}
                  rules={[{ required: true, validator: (_rule, text = "") => check(text) }]}
                  className="port-field"
                >
                  <Input aria-label={t("builds.param.port_name")} placeholder="jupyter" />
                </Form.Item>
                <Form.Item name={[name, "kind"]} className="port-field">
                  <Select
                    aria-label={t("builds.param.port_kind")}
                    options={KINDS.map((value) => ({ value, label: t(`builds.param.kinds.${value}`) }))}
                  />
                </Form.Item>
                <Form.Item name={[name, "container_port"]} rules={[{ required: true }]} className="port-field">
                  <InputNumber
                    aria-label={t("builds.param.port_number")}
                    min={1}
                    max={65_535}
                    precision={0}
                    placeholder="8888"
                  />
                </Form.Item>
                <Button
                  type="text"
                  icon={<DeleteOutlined />}
                  aria-label={t("builds.param.port_remove", { number: name + 1 })}
                  onClick={() => remove(name)}
                />
              </div>
            ))}
            <Button size="small" disabled={fields.length >= 32} onClick={() => add({ kind: "http" })}>
              {t("builds.param.port_add")}
            </Button>
          </>
        )}
      </Form.List>
    </div>
  );
}

const check = (name: string): Promise<void> => checkBy(ContainerPort.shape.name, name);
