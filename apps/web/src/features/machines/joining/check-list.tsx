import type { JoinCheck } from "@berth/spec/join-token.ts";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { useSaid } from "../../../lib/said.ts";
import { Badge, type Tone } from "../../../components/badge.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { zh } from "../../../locales/zh.ts";

const TONES: Record<JoinCheck["status"], Tone> = { ok: "good", warning: "busy", failed: "bad" };

type Known = keyof typeof zh.joining.check;
const isKnown = (check: string): check is Known => check in zh.joining.check;

/** What the script has found on the server so far, in its order, with what mends each. */
export function CheckList({ checks, at }: { checks: readonly JoinCheck[]; at: string }) {
  const { t } = useTranslation();
  const say = useSaid();
  return (
    <section>
      <div className="join-line">
        <h3>{t("joining.checks")}</h3>
        <span className="quiet">
          {t("joining.checked")} <TimeAgo at={at} />
        </span>
      </div>
      <ul className="join-checks">
        {checks.map(({ check, status, text, fix }) => (
          <li key={`${check} ${text}`}>
            <span>
              <Badge tone={TONES[status]}>{t(`joining.status.${status}`)}</Badge>
            </span>
            <strong>{isKnown(check) ? t(`joining.check.${check}`) : check}</strong>
            <span>
              <Said text={text} />
              {fix !== "" && (
                <>
                  <br />
                  <code>{t("joining.fix", { fix: say(fix) })}</code>
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
