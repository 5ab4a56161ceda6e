import { Form, Switch } from "antd";
import { useTranslation } from "react-i18next";
import { CreateParamsFields } from "./create-params-fields.tsx";

/** The field `inherits` of a form, and the dictionary itself where that is off. */
export function ParamsChoice() {
  const { t } = useTranslation();
  const form = Form.useFormInstance<{ inherits: boolean }>();
  const inherits = Form.useWatch("inherits", form) ?? true;
  return (
    <section aria-label={t("builds.params")}>
      <h2 className="form-heading">{t("builds.params")}</h2>
      <Form.Item
        name="inherits"
        label={t("builds.params_inherit")}
        extra={t("builds.params_inherit_hint")}
        valuePropName="checked"
      >
        <Switch />
      </Form.Item>
      {!inherits && <CreateParamsFields />}
    </section>
  );
}
