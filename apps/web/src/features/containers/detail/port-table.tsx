import type { Container } from "@berth/spec/container.ts";
import { useTranslation } from "react-i18next";

/** Each port of it, and where it is reached from outside. */
export function PortTable({ container: { spec, ports }, host }: { container: Container; host: string | null }) {
  const { t } = useTranslation();
  if (spec.ports.length === 0) return null;
  return (
    <div className="port-table">
      <table>
        <caption>{t("containers.ports")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("container_form.port_name")}</th>
            <th scope="col">{t("container_form.port_number")}</th>
            <th scope="col">{t("container.reached_at")}</th>
          </tr>
        </thead>
        <tbody>
          {spec.ports.map(({ name, container_port, protocol, publish, kind }) => {
            const bound = ports.find((port) => port.name === name);
            return (
              <tr key={name}>
                <td>{name}</td>
                <td>
                  {container_port}/{protocol}
                </td>
                <td>
                  {bound ? (
                    <code>{host === null ? bound.host_port : `${host}:${bound.host_port}`}</code>
                  ) : (
                    <span className="quiet">
                      {t(
                        publish
                          ? "container.port_later"
                          : kind === "http"
                            ? "container.port_proxy"
                            : "container.port_closed",
                      )}
                    </span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
