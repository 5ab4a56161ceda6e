import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, Form, Select } from "antd";
import { useTranslation } from "react-i18next";
import { useTRPC } from "../../lib/trpc.ts";

/** The field `machine_id` of a form: one of the machines that build, or none for Berth to choose. */
export function BuilderChoice() {
  const { t } = useTranslation();
  const machines = useQuery(useTRPC().machine.list.queryOptions({ limit: 500 }));
  const builders = machines.data?.items.filter(({ is_builder, state }) => is_builder && state === "active");
  return (
    <>
      {builders?.length === 0 && (
        <Alert
          type="warning"
          className="form-notice"
          title={t("builds.no_builder")}
          description={
            <>
              {t("builds.no_builder_text")} <Link to="/machines">{t("builds.to_machines")}</Link>
            </>
          }
        />
      )}
      <Form.Item name="machine_id" label={t("builds.machine")}>
        <Select
          allowClear
          loading={machines.isPending}
          placeholder={t("builds.any_machine")}
          options={(builders ?? []).map(({ machine_id, name }) => ({ value: machine_id, label: name }))}
        />
      </Form.Item>
    </>
  );
}
