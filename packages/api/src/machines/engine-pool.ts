import type { Db } from "@berth/db/client.ts";
import type { SecretBox } from "@berth/db/secret-box.ts";
import type { Engine, EngineAddress } from "@berth/docker/engine.ts";
import type { EnginePool } from "../context.ts";
import { noSuchMachine } from "./get.ts";
import { addressOf } from "./meet-engine.ts";
import { openTls } from "./seal-tls.ts";

interface Parts {
  db: Db;
  box: SecretBox;
  connectEngine(address: EngineAddress): Engine;
}

/**
 * One connection for each machine, made when it is first asked for, and anew where the machine's address or its TLS
 * material has changed.
 */
export function createEnginePool({ db, box, connectEngine }: Parts): EnginePool & { close(): void } {
  const open = new Map<string, { generation: number; engine: Engine }>();
  return {
    async engineOf(machineId) {
      const machine = await db.machines.findUnique({ where: { machine_id: machineId } });
      const known = open.get(machineId);
      if (known && known.generation === machine?.generation) return known.engine;
      known?.engine.close();
      open.delete(machineId);
      if (!machine) throw noSuchMachine(machineId);
      const { generation, url, allow_insecure } = machine;
      const engine = connectEngine(addressOf({ url, allow_insecure, tls: openTls(box, machine.tls) }));
      open.set(machineId, { generation, engine });
      return engine;
    },
    close() {
      for (const { engine } of open.values()) engine.close();
      open.clear();
    },
  };
}
