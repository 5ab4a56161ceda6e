import type { CreateParams } from "@berth/spec/create-params.ts";
import { useTranslation } from "react-i18next";
import { formatMib } from "../../../lib/sizes.ts";

/** What a container gets that starts from an image, but for what is so by default. */
export function ParamsSummary({ params }: { params: CreateParams }) {
  const { t } = useTranslation();
  const { gpu_count, gpu_type, cpus, memory, shm, command, entrypoint, working_dir, env, ports, mounts } = params;
  const rows: [label: string, text: string][] = [
    [t("builds.param.gpu_count"), gpu_count > 0 ? `${gpu_count} × ${gpu_type ?? "GPU"}` : ""],
    [t("builds.param.cpus"), cpus === null ? "" : String(cpus)],
    [t("builds.param.memory"), memory === null ? "" : formatMib(memory)],
    [t("builds.param.shm"), shm === null ? "" : formatMib(shm)],
    [t("builds.param.entrypoint"), entrypoint?.join(" ") ?? ""],
    [t("builds.param.command"), command?.join(" ") ?? ""],
    [t("builds.param.working_dir"), working_dir ?? ""],
    [t("builds.param.env"), Object.keys(env).join(", ")],
    [t("builds.param.ports"), ports.map(({ name, container_port }) => `${name} ${container_port}`).join(", ")],
    [t("builds.param.mounts"), mounts.map(({ storage, path }) => `${storage} → ${path}`).join(", ")],
    [
      t("builds.param.restart"),
      params.restart === "unless-stopped" ? "" : t(`builds.param.restarts.${params.restart}`),
    ],
  ];
  const said = rows.filter(([, text]) => text !== "");
  return (
    <section>
      <h2>{t("image.params")}</h2>
      {said.length === 0 ? (
        <p className="quiet">{t("image.params_none")}</p>
      ) : (
        <dl className="params-summary">
          {said.map(([label, text]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
