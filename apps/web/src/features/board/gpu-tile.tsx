import type { Gpu, GpuHolding, Machine } from "@berth/spec/machine.ts";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Badge } from "../../components/badge.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { formatMib } from "../../lib/sizes.ts";
import { holdingsOf, placesOf, stateOf } from "./gpu-state.ts";
import { readingOf } from "./reading-of.ts";
import { shortType } from "./short-type.ts";

/** One GPU: free, or whose since when, and what it does. */
export function GpuTile({ machine, gpu }: { machine: Machine; gpu: Gpu }) {
  const { t } = useTranslation();
  const state = stateOf(machine, gpu);
  const [holdings, places] = [holdingsOf(machine, gpu), placesOf(machine, gpu)];
  const { utilization, memory_used, temperature, hasForeign } = readingOf(machine, gpu);
  const figures = [
    utilization !== null && `${Math.round(utilization)}%`,
    memory_used !== null ? `${formatMib(memory_used)} / ${formatMib(gpu.memory)}` : formatMib(gpu.memory),
    temperature !== null && `${Math.round(temperature)}°C`,
  ];
  return (
    <li className="gpu" data-state={state} title={`${gpu.type} · ${gpu.uuid}`}>
      <span className="gpu-name">
        <span>
          {t("board.gpu", { index: gpu.index })} <span className="quiet">{shortType(gpu.type)}</span>
        </span>
        {places > 1 && (
          <span className="quiet">
            {t("board.places", { free: Math.max(0, places - holdings.length), count: places })}
          </span>
        )}
      </span>
      {holdings.map((holding) => (
        <Holder key={holding.account + holding.since} holding={holding} />
      ))}
      {state === "free" && (
        <span className="gpu-who">
          <TakeLink machine={machine} gpu={gpu}>
            {t("board.free")}
          </TakeLink>
        </span>
      )}
      {state === "closed" && <span className="gpu-who quiet">{t("board.closed")}</span>}
      {state === "foreign" && holdings.length === 0 && <span className="gpu-who">{t("board.foreign")}</span>}
      {(hasForeign || state === "foreign") && holdings.length > 0 && (
        <span>
          <Badge tone="busy">{t("board.foreign")}</Badge>
        </span>
      )}
      <span className="gpu-figures quiet">{figures.filter(Boolean).join(" · ")}</span>
      {utilization !== null && (
        <span className="gpu-load" aria-hidden>
          <span style={{ inlineSize: `${Math.min(100, utilization)}%` }} />
        </span>
      )}
    </li>
  );
}

/** To the form that makes a container on a GPU like this one. */
export const TakeLink = ({ machine, gpu, children }: { machine: Machine; gpu: Gpu; children: React.ReactNode }) => {
  const { t } = useTranslation();
  return (
    <Link to="/containers/new" search={{ gpu: gpu.type, machine: machine.machine_id }} preload={false}>
      {children}{" "}
      <span className="visually-hidden">
        {t("board.take")}: {machine.name} {t("board.gpu", { index: gpu.index })}
      </span>
    </Link>
  );
};

function Holder({ holding: { account, container_id, name, since } }: { holding: GpuHolding }) {
  return (
    <span className="gpu-holder">
      <span className="gpu-who">
        {container_id === null ? (
          account
        ) : (
          <Link to="/containers/$containerId" params={{ containerId: String(container_id) }} preload={false}>
            {account} <span className="gpu-container">{name}</span>
          </Link>
        )}
      </span>
      <span className="quiet">
        <TimeAgo at={since} />
      </span>
    </span>
  );
}
