import type { Me } from "@berth/spec/user.ts";
import { useTranslation } from "react-i18next";
import { Meter } from "../../components/meter.tsx";
import { formatBytes } from "../../lib/sizes.ts";

const KINDS = ["gpus", "containers", "images", "storage"] as const;

/** What one holds, of what one may. */
export function Usage({ me: { quota, used } }: { me: Me }) {
  const { t } = useTranslation();
  return (
    <div className="usage">
      {KINDS.map((kind) => {
        const [held, limit] = [used[kind], quota[kind]];
        const shown = (value: number): string => (kind === "storage" ? formatBytes(value) : String(value));
        return (
          <Meter
            key={kind}
            label={t(`profile.quota.${kind}`)}
            share={limit === null || limit === 0 ? null : held / limit}
            text={limit === null ? shown(held) : t("profile.of", { used: shown(held), limit: shown(limit) })}
          />
        );
      })}
    </div>
  );
}
