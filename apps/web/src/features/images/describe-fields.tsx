import { Form, Input } from "antd";
import { useTranslation } from "react-i18next";

/** What is said of an image to whom it is offered. */
export function DescribeFields() {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item name="display_name" label={t("builds.display_name")}>
        <Input maxLength={100} autoComplete="off" />
      </Form.Item>
      <Form.Item name="description" label={t("builds.description")} extra={t("builds.description_hint")}>
        <Input.TextArea maxLength={4_000} autoSize={{ minRows: 2, maxRows: 8 }} />
      </Form.Item>
    </>
  );
}
