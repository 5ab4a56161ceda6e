import { Form, InputNumber } from "antd";
import { useTranslation } from "react-i18next";
import { formatMib } from "../../../lib/sizes.ts";

/** How much of its machine it may use. Empty is no limit. */
export function LimitFields() {
  const { t } = useTranslation();
  return (
    <div className="form-row">
      <Form.Item name="cpus" label={t("containers.new_cpus")}>
        <InputNumber step={1} placeholder={t("containers.unlimited")} />
      </Form.Item>
      <SizeField name="memory" label={t("containers.new_memory")} placeholder={t("containers.unlimited")} />
      <SizeField name="shm" label={t("container_form.shm")} placeholder={t("container_form.shm_default")} />
    </div>
  );
}

function SizeField({ name, label, placeholder }: { name: "memory" | "shm"; label: string; placeholder: string }) {
  const mib: unknown = Form.useWatch(name, Form.useFormInstance());
  return (
    <Form.Item name={name} label={label} extra={typeof mib === "number" && mib >= 1_024 ? `= ${formatMib(mib)}` : null}>
      <InputNumber step={1_024} precision={0} placeholder={placeholder} />
    </Form.Item>
  );
}
