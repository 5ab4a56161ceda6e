import type { Machine } from "@berth/spec/machine.ts";
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../components/said.tsx";
import { Meter } from "../../components/meter.tsx";
import { formatMib } from "../../lib/sizes.ts";
import { BoardBadges } from "./board-badges.tsx";
import { GpuTile } from "./gpu-tile.tsx";
import { troublesOf } from "./troubles.ts";
import { useNearViewport } from "./use-near-viewport.ts";

/** About as high as a tile is, for those that are not drawn yet. */
const TILE_PX = 88;

/** A machine with all that is told of it. Its GPUs are drawn where somebody could see them. */
export const MachineCard = memo(function MachineCard({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  const { isNear, place } = useNearViewport();
  const { gpus } = machine;
  return (
    <li className="machine" ref={place}>
      <header>
        <h2>
          <Link to="/machines/$machineId" params={{ machineId: machine.machine_id }}>
            {machine.name}
          </Link>
        </h2>
        <BoardBadges machine={machine} />
      </header>
      {isNear && <Meters machine={machine} />}
      {gpus.length === 0 && <p className="quiet">{t("board.no_gpu")}</p>}
      {gpus.length > 0 && !isNear && <div style={{ blockSize: TILE_PX * Math.ceil(gpus.length / 2) }} />}
      {gpus.length > 0 && isNear && (
        <ul className="gpus">
          {gpus.map((gpu) => (
            <GpuTile key={gpu.uuid} machine={machine} gpu={gpu} />
          ))}
        </ul>
      )}
      {troublesOf(machine).map(({ type, message }) => (
        <p key={type} className="trouble">
          <Said text={message} />
        </p>
      ))}
    </li>
  );
});

function Meters({ machine: { telemetry, memory, disk, ...machine } }: { machine: Machine }) {
  const { t } = useTranslation();
  const told = telemetry && !telemetry.stale ? telemetry : null;
  const cores = machine.cores ?? machine.cpus.reduce((sum, cpu) => sum + cpu.cores, 0);
  return (
    <div className="machine-meters">
      <Meter label={t("board.cpu")} share={told?.busy ?? null} text={t("board.cores", { count: cores })} />
      {memory && <Meter label={t("board.memory")} share={usedShare(memory)} text={formatMib(memory.total)} />}
      {disk && <Meter label={t("board.disk")} share={usedShare(disk)} text={formatMib(disk.total)} />}
    </div>
  );
}

const usedShare = ({ total, free }: { total: number; free: number | null }): number | null =>
  free === null ? null : 1 - free / total;
