import { Said } from "../../components/said.tsx";
import type { Drained } from "@berth/spec/machine.ts";
import { useTranslation } from "react-i18next";

/** What became of each container on a machine that is drained. */
export function DrainAnswer({ drained: { stopping, moving, left } }: { drained: Drained }) {
  const { t } = useTranslation();
  if (stopping.length + moving.length + left.length === 0) return <p>{t("machine.drain_nothing")}</p>;
  const parts = [
    { key: "stopping", title: t("machine.drain_stopping", { count: stopping.length }), containers: stopping },
    { key: "moving", title: t("machine.drain_moving", { count: moving.length }), containers: moving },
    { key: "left", title: t("machine.drain_left", { count: left.length }), containers: left },
  ];
  return (
    <div className="dialog-text">
      {parts
        .filter(({ containers }) => containers.length > 0)
        .map(({ key, title, containers }) => (
          <section key={key}>
            <strong>{title}</strong>
            <ul className="rows">
              {containers.map(({ container_id, account, name, ...more }) => (
                <li key={container_id}>
                  <span>
                    {account}/{name}
                    {"reason" in more && (
                      <span className="trouble">
                        {" "}
                        <Said text={String(more.reason)} />
                      </span>
                    )}
                  </span>
                </li>
              ))}
            </ul>
          </section>
        ))}
      {left.length > 0 && <p className="quiet">{t("machine.drain_again")}</p>}
    </div>
  );
}
