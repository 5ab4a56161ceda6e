import { BuildImageInput, DOCKERFILE_MAX_BYTES, GitAddress, type Image, PublicImageName } from "@berth/spec/image.ts";
import { Alert, Button, Form, Input, Segmented, Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { checkBy } from "../../../lib/check-by.ts";
import { Failure } from "../../../components/failure.tsx";
import { lazily } from "../../../components/lazily.tsx";
import { formatMib } from "../../../lib/sizes.ts";
import { badEnvLine, parseEnv } from "../../../lib/typed-lines.ts";
import { BuilderChoice } from "../builder-choice.tsx";
import type { ParamsValues } from "../create-params-values.ts";
import { DescribeFields } from "../describe-fields.tsx";
import { KeptMounts } from "../kept-mounts.tsx";
import { ParamsChoice } from "../params-choice.tsx";
import { type BuildDraft, drafts } from "./build-draft.ts";
import { type ChosenContext, ContextChoice } from "./context-choice.tsx";
import { refusedLineOf } from "./send-build.ts";
import { UploadProgress } from "./upload-progress.tsx";
import { useBuild } from "./use-build.ts";
import "../images.css";
import "./builds.css";

const DockerfileEditor = lazily(() => import("./dockerfile-editor.tsx"), "DockerfileEditor", {
  fallback: <Skeleton active title={false} paragraph={{ rows: 6 }} />,
});

const SOURCES = ["text", "files", "git"] as const;

export interface BuildValues extends Omit<BuildDraft, "dockerfile" | "had_files" | "params" | "machine_id"> {
  machine_id?: string | null;
  inherits: boolean;
  params?: ParamsValues;
}

interface BuildFormProps {
  draftKey: Parameters<typeof drafts.read>[0];
  initial: BuildDraft;
  /** The image to be replaced, where it failed. */
  again: Image | undefined;
  line: number | null;
  onStartOver: () => void;
}

export function BuildForm({ draftKey, initial, again, line, onStartOver }: BuildFormProps) {
  const { t } = useTranslation();
  const [form] = Form.useForm<BuildValues>();
  const source = Form.useWatch("source", form) ?? initial.source;
  const inherits = Form.useWatch("inherits", form) ?? true;
  const [dockerfile, setDockerfile] = useState(initial.dockerfile);
  const [context, setContext] = useState<ChosenContext | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const build = useBuild({ draftKey, again });
  const draftOf = (text: string, files: ChosenContext | null): BuildDraft => {
    const { inherits, params, machine_id, ...values } = form.getFieldsValue(true) as BuildValues;
    const had_files = files !== null || (initial.had_files && files === context);
    return {
      ...values,
      dockerfile: text,
      had_files,
      machine_id: machine_id ?? null,
      params: inherits ? null : { ...params },
    };
  };
  const keep = (text = dockerfile, files = context): void => drafts.write(draftKey, draftOf(text, files));
  const submit = (values: BuildValues): void => {
    const wrong = faultOf(values, dockerfile, context, t);
    setFault(wrong);
    if (wrong === null) build.start(values, draftOf(dockerfile, context), context);
  };
  const faultyLine = refusedLineOf(build.error) ?? line;
  const { params, ...fields } = initial;
  return (
    <Form<BuildValues>
      form={form}
      layout="vertical"
      requiredMark={false}
      disabled={build.isUnderWay}
      initialValues={{ ...fields, inherits: params === null, params: params ?? {} }}
      onValuesChange={() => keep()}
      onFinish={() => submit(form.getFieldsValue(true) as BuildValues)}
      scrollToFirstError
    >
      <DraftNotice initial={initial} again={again} onStartOver={onStartOver} />
      <Form.Item name="source" label={t("builds.source")}>
        <Segmented options={SOURCES.map((value) => ({ value, label: t(`builds.sources.${value}`) }))} />
      </Form.Item>
      {source === "text" && (
        <div className="form-field">
          <span>{t("builds.dockerfile")}</span>
          <DockerfileEditor
            text={dockerfile}
            label={t("builds.dockerfile")}
            faultyLine={faultyLine}
            onChange={(text) => {
              setDockerfile(text);
              keep(text);
            }}
          />
          <p className="quiet">{t("builds.dockerfile_hint")}</p>
        </div>
      )}
      {source === "git" && (
        <Form.Item
          name="git"
          label={t("builds.git")}
          extra={t("builds.git_hint")}
          rules={[{ validator: (_rule, text: string) => checkBy(GitAddress, text) }]}
        >
          <Input placeholder="https://git.lab/group/app.git#main:docker" spellCheck={false} autoComplete="off" />
        </Form.Item>
      )}
      {source !== "git" && (
        <ContextChoice
          label={t(source === "text" ? "builds.context_optional" : "builds.context")}
          context={context}
          onChoose={(chosen) => {
            setContext(chosen);
            keep(dockerfile, chosen);
          }}
        />
      )}
      {source !== "text" && (
        <Form.Item
          name="path"
          label={t("builds.dockerfile_path")}
          extra={t(source === "git" ? "builds.dockerfile_path_git_hint" : "builds.dockerfile_path_files_hint")}
        >
          <Input placeholder="Dockerfile" spellCheck={false} autoComplete="off" maxLength={4_096} />
        </Form.Item>
      )}
      <Form.Item
        name="name"
        label={t("builds.name")}
        extra={again?.phase === "Failed" ? t("builds.name_replaces") : t("builds.name_hint")}
        rules={[{ validator: (_rule, text: string) => checkBy(PublicImageName, text) }]}
      >
        <Input spellCheck={false} autoComplete="off" />
      </Form.Item>
      <DescribeFields />
      <BuilderChoice />
      <Form.Item
        name="build_args"
        label={t("builds.build_args")}
        extra={t("builds.build_args_hint")}
        rules={[
          {
            validator(_rule, text: string) {
              const bad = badEnvLine(text);
              if (bad === null) return Promise.resolve();
              return Promise.reject(new Error(t("builds.param.env_bad", { line: bad })));
            },
          },
        ]}
      >
        <Input.TextArea autoSize={{ minRows: 1, maxRows: 8 }} spellCheck={false} />
      </Form.Item>
      <ParamsChoice />
      {again && !inherits && <KeptMounts params={again.create_params} />}
      {fault !== null && <Failure error={{ message: fault }} />}
      {build.error && <Failure error={build.error} />}
      {build.isCancelled && <p role="status">{t("builds.upload_cancelled")}</p>}
      {build.progress ? (
        <UploadProgress {...build.progress} onCancel={build.cancel} />
      ) : (
        <Button type="primary" htmlType="submit" loading={build.isUnderWay}>
          {t("builds.submit_build")}
        </Button>
      )}
    </Form>
  );
}

type Notice = Pick<BuildFormProps, "initial" | "again" | "onStartOver">;

function DraftNotice({ initial, again, onStartOver }: Notice) {
  const { t } = useTranslation();
  const isLost = again !== undefined && initial.source === "text" && initial.dockerfile === "";
  const isTyped = initial.dockerfile !== "" || initial.git !== "" || initial.name.length > "public/".length;
  if (!isTyped) return null;
  return (
    <Alert
      className="form-notice"
      type={isLost ? "warning" : "info"}
      title={t(isLost ? "builds.draft_gone" : again ? "builds.draft_again" : "builds.draft_kept")}
      description={initial.had_files && t("builds.context_again")}
      action={
        <Button size="small" onClick={onStartOver}>
          {t("builds.start_over")}
        </Button>
      }
    />
  );
}

/** What can be told before anything is sent; null where all is well. */
function faultOf(
  values: BuildValues,
  dockerfile: string,
  context: ChosenContext | null,
  t: ReturnType<typeof useTranslation>["t"],
): string | null {
  if (values.source === "files" && !context) return t("builds.faults.context_missing");
  if (values.source === "text") {
    if (dockerfile.trim() === "") return t("builds.faults.dockerfile_missing");
    if (new Blob([dockerfile]).size > DOCKERFILE_MAX_BYTES) {
      return t("builds.faults.dockerfile_large", { size: formatMib(DOCKERFILE_MAX_BYTES / 1_048_576) });
    }
  }
  const wrong = BuildImageInput.shape.build_args.safeParse(parseEnv(values.build_args)).error?.issues[0];
  return wrong ? wrong.message : null;
}
