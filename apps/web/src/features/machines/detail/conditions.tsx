import type { Condition } from "@berth/spec/condition.ts";
import type { Machine } from "@berth/spec/machine.ts";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { useSaid } from "../../../lib/said.ts";
import { Badge } from "../../../components/badge.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { useFormat } from "../../../lib/format.ts";
import { zh } from "../../../locales/zh.ts";
import { troublesOf } from "../../board/troubles.ts";

type Known = keyof typeof zh.machine.condition;
const isKnown = (type: string): type is Known => type in zh.machine.condition;

/** What is wrong with a machine, since when and what to do; and in a line what is well. */
export function Conditions({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const say = useSaid();
  const troubles = troublesOf(machine);
  const others = machine.conditions.filter((condition) => !troubles.includes(condition));
  const nameOf = (type: string): string => (isKnown(type) ? t(`machine.condition.${type}`) : type);
  if (machine.conditions.length === 0) return null;
  return (
    <section className="machine-section">
      <h2>{t("machine.conditions")}</h2>
      {troubles.length === 0 && <p className="quiet facts-note">{t("machine.conditions_good")}</p>}
      {troubles.length > 0 && (
        <ul className="conditions">
          {troubles.map((condition) => (
            <Trouble key={condition.type} condition={condition} name={nameOf(condition.type)} />
          ))}
        </ul>
      )}
      <ul className="badges">
        {others.map(({ type, status, message, since }) => {
          const state = status === "unknown" ? "unknown" : "good";
          const title = [say(message), t("machine.since", { at: exact(since) })].filter(Boolean).join(" ");
          return (
            <li key={type}>
              <Badge tone={state === "unknown" ? "quiet" : "good"} title={title}>
                {nameOf(type)}: {t(`machine.condition_state.${state}`)}
              </Badge>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Trouble({ condition: { type, message, since }, name }: { condition: Condition; name: string }) {
  const { t } = useTranslation();
  return (
    <li>
      <strong>{name}</strong>
      <span>
        <Badge tone="bad">{t("machine.condition_state.bad")}</Badge>
      </span>
      <div>
        <p>
          <Said text={message} />
        </p>
        {isKnown(type) && (
          <p>
            <strong>{t("machine.to_do")}</strong> {t(`machine.fix.${type}`)}
          </p>
        )}
      </div>
      <span className="quiet">
        <TimeAgo at={since} />
      </span>
    </li>
  );
}
