import { type Machine, MachineName, type UpdateMachineInput } from "@berth/spec/machine.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Form, Input, InputNumber, Switch } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";

interface Values {
  name: string;
  url: string;
  first: number;
  last: number;
  runs_containers: boolean;
  is_builder: boolean;
  /** In the order of the machine's GPUs: how many containers may hold each. */
  sharing: number[];
}

/** What an admin says of a machine. Only what was changed is sent. */
export function MachineSettings({ machine: now }: { machine: Machine }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Values>();
  // What was there when editing began: what others change meanwhile is not undone by sending it back.
  const [machine, setMachine] = useState(now);
  const update = useMutation(
    trpc.machine.update.mutationOptions({
      onSuccess(saved) {
        void message.success(t("common.saved"));
        setMachine(saved);
        form.setFieldsValue(valuesOf(saved));
      },
      onSettled: () => void queryClient.invalidateQueries(trpc.machine.pathFilter()),
    }),
  );
  const nameRule = (_rule: unknown, name: string | undefined): Promise<void> =>
    MachineName.safeParse(name).success ? Promise.resolve() : Promise.reject(new Error(t("machine.name_rule")));
  return (
    <section>
      <h2>{t("machine.tabs.settings")}</h2>
      <p className="quiet facts-note">{t("machine.settings_text")}</p>
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={valuesOf(machine)}
        onFinish={(values) => update.mutate(changesOf(values, { opened: machine, now }))}
      >
        <Form.Item name="name" label={t("machine.name")} rules={[{ validator: nameRule }]}>
          <Input autoComplete="off" spellCheck={false} />
        </Form.Item>
        <Form.Item
          name="url"
          label={t("machine.url")}
          extra={t("machine.url_hint")}
          rules={[{ required: true, max: 300 }]}
        >
          <Input autoComplete="off" spellCheck={false} />
        </Form.Item>
        <div className="form-row">
          <Form.Item name="first" label={t("machine.port_first")} rules={[{ required: true }]}>
            <InputNumber min={1_024} max={65_535} precision={0} />
          </Form.Item>
          <Form.Item
            name="last"
            label={t("machine.port_last")}
            dependencies={["first"]}
            rules={[
              { required: true },
              ({ getFieldValue }) => ({
                validator: (_rule, last: number) =>
                  last >= (getFieldValue("first") as number)
                    ? Promise.resolve()
                    : Promise.reject(new Error(t("machine.port_order"))),
              }),
            ]}
          >
            <InputNumber min={1_024} max={65_535} precision={0} />
          </Form.Item>
        </div>
        <p className="quiet facts-note">{t("machine.port_hint")}</p>
        <Form.Item
          name="runs_containers"
          valuePropName="checked"
          label={t("machine.runs_containers")}
          extra={t("machine.runs_containers_hint")}
        >
          <Switch />
        </Form.Item>
        <Form.Item
          name="is_builder"
          valuePropName="checked"
          label={t("machine.builds")}
          extra={t("machine.builds_hint")}
        >
          <Switch />
        </Form.Item>
        {machine.gpus.length > 0 && (
          <>
            <h3>{t("machine.sharing")}</h3>
            <p className="quiet facts-note">{t("machine.sharing_hint")}</p>
            <div className="sharing">
              {machine.gpus.map(({ uuid, index }, place) => (
                <Form.Item
                  key={uuid}
                  name={["sharing", place]}
                  label={t("machine.sharing_of", { index })}
                  rules={[{ required: true }]}
                >
                  <InputNumber min={1} max={64} precision={0} />
                </Form.Item>
              ))}
            </div>
          </>
        )}
        {update.error && <Failure error={update.error} />}
        <Button type="primary" htmlType="submit" loading={update.isPending}>
          {t("common.save")}
        </Button>
      </Form>
    </section>
  );
}

const valuesOf = (machine: Machine): Values => ({
  name: machine.name,
  url: machine.url ?? "",
  first: machine.port_range.first,
  last: machine.port_range.last,
  runs_containers: machine.runs_containers,
  is_builder: machine.is_builder,
  sharing: machine.gpus.map(({ uuid }) => machine.shared_gpus[uuid] ?? 1),
});

/** What was typed since the form was opened. What is sent as a whole keeps the rest of it as it is now. */
function changesOf(values: Values, { opened, now }: { opened: Machine; now: Machine }): UpdateMachineInput {
  const before = valuesOf(opened);
  const changed = (["name", "url", "runs_containers", "is_builder"] as const).filter(
    (field) => values[field] !== before[field],
  );
  const hasOtherPorts = values.first !== before.first || values.last !== before.last;
  const sharing = values.sharing ?? [];
  const shared = opened.gpus.flatMap(({ uuid }, place) =>
    sharing[place] === before.sharing[place] ? [] : [[uuid, sharing[place] ?? 1] as const],
  );
  const sharedNow = Object.entries({ ...now.shared_gpus, ...Object.fromEntries(shared) });
  return {
    machine_id: opened.machine_id,
    ...Object.fromEntries(changed.map((field) => [field, values[field]])),
    ...(hasOtherPorts && { port_range: { first: values.first, last: values.last } }),
    ...(shared.length > 0 && { shared_gpus: Object.fromEntries(sharedNow.filter(([, most]) => most > 1)) }),
  };
}
