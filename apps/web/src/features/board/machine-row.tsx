import type { Gpu, Machine } from "@berth/spec/machine.ts";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../lib/format.ts";
import { BoardBadges } from "./board-badges.tsx";
import { holdingsOf, placesOf, stateOf } from "./gpu-state.ts";
import { TakeLink } from "./gpu-tile.tsx";
import { readingOf } from "./reading-of.ts";
import { useNearViewport } from "./use-near-viewport.ts";

/** A machine on a line or two: for who has many. */
export const MachineRow = memo(function MachineRow({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  const { isNear, place } = useNearViewport();
  return (
    <li className="machine-row" ref={place}>
      <header>
        <h2>{machine.name}</h2>
        <BoardBadges machine={machine} />
      </header>
      {machine.gpus.length === 0 && <span className="quiet">{t("board.no_gpu")}</span>}
      <ul className="gpu-cells">
        {isNear && machine.gpus.map((gpu) => <GpuCell key={gpu.uuid} machine={machine} gpu={gpu} />)}
      </ul>
    </li>
  );
});

function GpuCell({ machine, gpu }: { machine: Machine; gpu: Gpu }) {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const state = stateOf(machine, gpu);
  const [holdings, places] = [holdingsOf(machine, gpu), placesOf(machine, gpu)];
  const { utilization } = readingOf(machine, gpu);
  const title = [
    `${t("board.gpu", { index: gpu.index })} ${gpu.type}`,
    ...holdings.map(({ account, name, since }) => [account, name, exact(since)].filter(Boolean).join(" · ")),
  ].join("\n");
  const who = holdings.map(({ account }) => account).join(", ");
  return (
    <li className="gpu-cell" data-state={state} title={title}>
      <span className="quiet">{gpu.index}</span>{" "}
      <span className="gpu-cell-who">
        {state === "free" ? (
          <TakeLink machine={machine} gpu={gpu}>
            {t("board.free")}
            {holdings.length > 0 && ` ${places - holdings.length}/${places}`}
          </TakeLink>
        ) : (
          who || t(state === "foreign" ? "board.foreign" : "board.closed")
        )}
      </span>{" "}
      {utilization !== null && <span className="quiet">{Math.round(utilization)}%</span>}
    </li>
  );
}
