import { Form, Radio } from "antd";
import { useTranslation } from "react-i18next";

/** What becomes of it when something happens. */
export function BehaviourFields() {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item name="restart" label={t("container_form.restart")}>
        <Radio.Group
          options={[
            { value: "unless-stopped", label: t("container_form.restarts.unless_stopped") },
            { value: "on-failure", label: t("container_form.restarts.on_failure") },
            { value: "no", label: t("container_form.restarts.no") },
          ]}
        />
      </Form.Item>
      <Form.Item name="on_loss" label={t("container_form.on_loss")}>
        <Radio.Group
          options={[
            { value: "recreate", label: t("container_form.losses.recreate") },
            { value: "fail", label: t("container_form.losses.fail") },
          ]}
        />
      </Form.Item>
      <Form.Item name="on_drain" label={t("container_form.on_drain")}>
        <Radio.Group
          options={[
            { value: "stop", label: t("container_form.drains.stop") },
            { value: "move", label: t("container_form.drains.move") },
          ]}
        />
      </Form.Item>
    </>
  );
}
