import type { Container } from "@berth/spec/container.ts";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { CopyText } from "../../../components/copy-text.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { OpenPort } from "./open-port.tsx";
import { vscodeLink } from "./vscode-link.ts";

/** How one gets in; what is not possible now says why. */
export function Connect({ container }: { container: Container }) {
  const { t } = useTranslation();
  const keys = useQuery(useTRPC().user.ssh_keys.list.queryOptions());
  const { connect, spec, status, container_id } = container;
  const params = { containerId: String(container_id) };
  const commands = [connect.gateway, connect.ssh].filter((command) => command !== null);
  const pages = spec.ports.filter(({ kind }) => kind === "http");
  const [best] = commands;
  const whyNoSsh =
    best === undefined ? (
      t("container.no_ssh")
    ) : keys.data?.items.length === 0 ? (
      <Link to="/profile">{t("containers.no_key")}</Link>
    ) : status ? null : (
      t("container.start_first")
    );
  return (
    <section className="card">
      <h2>{t("containers.connect")}</h2>
      <dl className="ways">
        <Way name={t("containers.ssh")} why={whyNoSsh}>
          {commands.map((command) =>
            whyNoSsh === null ? (
              <CopyText key={command} text={command} label={t("containers.ssh")} />
            ) : (
              <code key={command} className="quiet">
                {command}
              </code>
            ),
          )}
          {connect.gateway !== null && connect.gateway_fingerprint !== null && (
            <p className="quiet fingerprint">
              {t("container.fingerprint")} <code>{connect.gateway_fingerprint}</code>
            </p>
          )}
        </Way>
        <Way name="VS Code" why={whyNoSsh}>
          {whyNoSsh === null && best !== undefined ? (
            <Button href={vscodeLink(best)}>{t("containers.vscode")}</Button>
          ) : (
            <Button disabled>{t("containers.vscode")}</Button>
          )}
        </Way>
        <Way
          name={t("container.pages")}
          why={
            pages.length === 0 ? (
              <Link to="/containers/$containerId/edit" params={params}>
                {t("container.no_pages")}
              </Link>
            ) : status ? null : (
              t("container.start_first")
            )
          }
        >
          {pages.map(({ name }) => (
            <OpenPort key={name} container={container} port={name} />
          ))}
          {status && connect.urls.map((url) => <CopyText key={url} text={url} label={url} />)}
        </Way>
      </dl>
    </section>
  );
}

function Way({ name, why, children }: { name: string; why: ReactNode; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        {why !== null && <span className="quiet">{why}</span>}
      </dd>
    </div>
  );
}
