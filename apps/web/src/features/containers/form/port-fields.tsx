import "./list-row.css";
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { ContainerPort } from "@berth/spec/create-params.ts";
import { Button, Checkbox, Form, Input, InputNumber, Select } from "antd";
import { useTranslation } from "react-i18next";

const { shape } = ContainerPort;
const MOST = 32;

const NEW: ContainerPort = {
  name: "",
  kind: "http",
  protocol: "tcp",
  container_port: 8_888,
  publish: true,
  strip_prefix: true,
};

interface PortFieldsProps {
  /** Where the list is in its form. */
  at?: readonly string[];
  /** Whether each field is checked by itself: not where the form's whole wish is. */
  isChecked?: boolean;
}

/** Where programs in the container listen. The machine's own port is Berth's to choose. */
export function PortFields({ at = ["ports"], isChecked = false }: PortFieldsProps) {
  const { t } = useTranslation();
  const rulesOf = (schema: typeof shape.name | typeof shape.container_port, fault: string) =>
    isChecked
      ? [
          {
            validator: (_rule: unknown, value: unknown) =>
              schema.safeParse(value).success ? Promise.resolve() : Promise.reject(new Error(fault)),
          },
        ]
      : [];
  return (
    <Form.List name={[...at]}>
      {(fields, { add, remove }, { errors }) => (
        <>
          {fields.map(({ key, name }) => (
            <fieldset key={key} className="list-row">
              <legend className="visually-hidden">{t("container_form.port", { number: name + 1 })}</legend>
              <Form.Item
                name={[name, "name"]}
                label={t("container_form.port_name")}
                rules={rulesOf(shape.name, t("container_form.fault.port_name"))}
              >
                <Input placeholder="jupyter" autoComplete="off" spellCheck={false} />
              </Form.Item>
              <Form.Item name={[name, "kind"]} label={t("container_form.port_kind")}>
                <Select
                  options={shape.kind.options.map((value) => ({
                    value,
                    label: t(`container_form.port_kinds.${value}`),
                  }))}
                />
              </Form.Item>
              <Form.Item
                name={[name, "container_port"]}
                label={t("container_form.port_number")}
                rules={rulesOf(shape.container_port, t("container_form.fault.port_number"))}
              >
                <InputNumber precision={0} />
              </Form.Item>
              <Form.Item name={[name, "protocol"]} label={t("container_form.port_protocol")}>
                <Select options={["tcp", "udp"].map((value) => ({ value, label: value.toUpperCase() }))} />
              </Form.Item>
              <div className="list-row-foot">
                <Form.Item name={[name, "publish"]} valuePropName="checked">
                  <Checkbox>{t("container_form.port_publish")}</Checkbox>
                </Form.Item>
                <Form.Item noStyle shouldUpdate>
                  {({ getFieldValue }) =>
                    getFieldValue([...at, name, "kind"]) === "http" && (
                      <Form.Item name={[name, "strip_prefix"]} valuePropName="checked">
                        <Checkbox>{t("container_form.port_strip")}</Checkbox>
                      </Form.Item>
                    )
                  }
                </Form.Item>
                <Button
                  type="text"
                  icon={<DeleteOutlined />}
                  aria-label={`${t("container_form.port_remove")} ${name + 1}`}
                  onClick={() => remove(name)}
                />
              </div>
            </fieldset>
          ))}
          <Form.ErrorList errors={errors} />
          <Button icon={<PlusOutlined />} disabled={fields.length >= MOST} onClick={() => add(NEW)}>
            {t("container_form.port_add")}
          </Button>
        </>
      )}
    </Form.List>
  );
}
