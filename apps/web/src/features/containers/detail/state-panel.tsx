import type { Container, ContainerPhase } from "@berth/spec/container.ts";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { useSaid } from "../../../lib/said.ts";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { PhaseBadge } from "../phase-badge.tsx";
import { ConditionList } from "./condition-list.tsx";
import { Countdown } from "./countdown.tsx";
import { PullProgress } from "./pull-progress.tsx";

/** What is due then is no retry: what was set aside is removed, for one. */
const AT_REST = new Set<ContainerPhase>(["Running", "Stopped", "Completed"]);

/** What is wanted and what is, side by side; what is being done about it, and why; what it waits for. */
export function StatePanel({ container }: { container: Container }) {
  const { t } = useTranslation();
  const say = useSaid();
  const { desired, phase, message, waiting, next_retry_at, generation, observed_generation } = container;
  return (
    <section className="state-panel" aria-label={t("containers.state")}>
      <dl>
        <div>
          <dt>{t("containers.desired")}</dt>
          <dd>{t(`containers.desired_state.${desired}`)}</dd>
        </div>
        <span aria-hidden="true">→</span>
        <div>
          <dt>{t("containers.actual")}</dt>
          <dd>
            <PhaseBadge container={container} />
          </dd>
        </div>
      </dl>
      <div className="state-why">
        {waiting ? (
          <WaitsFor container={container} waiting={waiting} />
        ) : (
          <p>
            {say(message) || t(generation > observed_generation ? "container.not_seen" : "container.nothing_to_do")}{" "}
            {next_retry_at !== null && !AT_REST.has(phase) && (
              <span className="quiet">
                {t("containers.next_retry")}: <Countdown at={next_retry_at} due={t("container.now")} />
              </span>
            )}
          </p>
        )}
        {phase === "Pulling" && <PullProgress container={container} />}
        <ConditionList container={container} />
      </div>
    </section>
  );
}

interface WaitsForProps {
  container: Container;
  waiting: NonNullable<Container["waiting"]>;
}

function WaitsFor({ container: { spec, machine_id }, waiting: { place, reason, asked_at } }: WaitsForProps) {
  const { t } = useTranslation();
  const machines = useQuery(useTRPC().machine.list.queryOptions({ limit: 500 }));
  const machine = machines.data?.items.find((one) => one.machine_id === machine_id);
  const what = `${spec.gpu_count} × ${spec.gpu_type ?? "GPU"}`;
  return (
    <>
      <p>
        {machine
          ? t("container.waits_on", { place, what, machine: machine.name })
          : t("container.waits_for", { place, what })}{" "}
        <span className="quiet">
          <TimeAgo at={asked_at} />
        </span>
      </p>
      {reason !== "" && (
        <p className="quiet">
          <Said text={reason} />
        </p>
      )}
    </>
  );
}
