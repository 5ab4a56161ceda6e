import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import type { ContainerPort } from "@berth/spec/create-params.ts";
import { Button, Checkbox, Form, Input, InputNumber, Select } from "antd";
import { useTranslation } from "react-i18next";

const NEW: ContainerPort = {
  name: "",
  kind: "http",
  protocol: "tcp",
  container_port: 8_888,
  publish: true,
  strip_prefix: true,
};

/** Where programs in the container listen. The machine's own port is Berth's to choose. */
export function PortFields() {
  const { t } = useTranslation();
  return (
    <Form.List name="ports">
      {(fields, { add, remove }, { errors }) => (
        <>
          {fields.map(({ key, name }) => (
            <fieldset key={key} className="list-row">
              <legend className="visually-hidden">{t("container_form.port", { number: name + 1 })}</legend>
              <Form.Item name={[name, "name"]} label={t("container_form.port_name")}>
                <Input placeholder="jupyter" autoComplete="off" spellCheck={false} />
              </Form.Item>
              <Form.Item name={[name, "kind"]} label={t("container_form.port_kind")}>
                <Select
                  options={(["ssh", "http", "tcp"] as const).map((value) => ({
                    value,
                    label: t(`container_form.port_kinds.${value}`),
                  }))}
                />
              </Form.Item>
              <Form.Item name={[name, "container_port"]} label={t("container_form.port_number")}>
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
                    getFieldValue(["ports", name, "kind"]) === "http" && (
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
          <Button icon={<PlusOutlined />} onClick={() => add(NEW)}>
            {t("container_form.port_add")}
          </Button>
        </>
      )}
    </Form.List>
  );
}
