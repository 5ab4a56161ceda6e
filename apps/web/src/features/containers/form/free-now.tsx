import type { Machine } from "@berth/spec/machine.ts";
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTRPC } from "../../../lib/trpc.ts";
import { shortType } from "../../board/short-type.ts";
import { Usage } from "../../profile/usage.tsx";
import { type GpuOffer, offersOf } from "../free-gpus.ts";

/** More are shown when asked for. */
const SHOWN = 12;

interface FreeNowProps {
  machines: readonly Machine[];
  machineId: string | undefined;
  gpuType: string | undefined;
  onTake: (machine: Machine, gpuType: string) => void;
}

/** Beside the form: which GPUs are free on which machine, to be chosen by a click, and what one may still take. */
export function FreeNow({ machines, machineId, gpuType, onTake }: FreeNowProps) {
  const { t } = useTranslation();
  const me = useQuery(useTRPC().user.me.queryOptions());
  const [isWhole, setWhole] = useState(false);
  const places = useMemo(() => placesOf(machines), [machines]);
  return (
    <aside className="free-now" aria-label={t("container_form.aside")}>
      {places.length > 0 && (
        <section>
          <h2>{t("container_form.free_now")}</h2>
          <ul>
            {places.slice(0, isWhole ? undefined : SHOWN).map(({ machine, offer: { type, free, total } }) => (
              <li key={`${machine.machine_id} ${type}`}>
                <button
                  type="button"
                  aria-pressed={machine.machine_id === machineId && type === gpuType}
                  data-free={free > 0 || undefined}
                  onClick={() => onTake(machine, type)}
                >
                  <span className="free-now-name">{machine.name}</span>
                  <span className="quiet">{shortType(type)}</span>
                  <span className="free-now-count">
                    {free === 0 && machine.waiting > 0
                      ? t("container_form.in_line", { count: machine.waiting })
                      : t("containers.new_gpu_free", { free, total })}
                  </span>
                </button>
              </li>
            ))}
          </ul>
          {places.length > SHOWN && !isWhole && (
            <Button type="link" onClick={() => setWhole(true)}>
              {t("container_form.show_all", { count: places.length })}
            </Button>
          )}
        </section>
      )}
      {me.data && (
        <section>
          <h2>{t("profile.usage")}</h2>
          <Usage me={me.data} />
        </section>
      )}
    </aside>
  );
}

/** Those with the most that is free first. */
function placesOf(machines: readonly Machine[]): { machine: Machine; offer: GpuOffer }[] {
  return machines
    .flatMap((machine) => offersOf([machine]).map((offer) => ({ machine, offer })))
    .toSorted((a, b) => b.offer.free - a.offer.free || a.machine.name.localeCompare(b.machine.name));
}
