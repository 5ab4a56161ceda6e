import type { Db } from "@berth/db/client.ts";
import type { SshKey } from "@berth/db/machines/ssh-key.ts";
import type { SecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Engine, EngineAddress } from "@berth/docker/engine.ts";
import type { EnginePool } from "../context.ts";
import { noSuchMachine } from "./get.ts";
import { addressOf, isSsh } from "./meet-engine.ts";
import { openTls } from "./seal-tls.ts";
import { sshKeyOf } from "./ssh-key.ts";

interface Parts {
  db: Db;
  sql: Sql;
  box: SecretBox;
  connectEngine(address: EngineAddress): Engine;
}

interface Row {
  url: string;
  /** Sealed. */
  tls: Uint8Array | null;
  allow_insecure: boolean;
  ssh_host_key: string | null;
  generation: number;
  created_at: Date;
}

const COLUMNS = { url: true, tls: true, allow_insecure: true, ssh_host_key: true, generation: true, created_at: true };

/**
 * One connection for each machine, made when it is first asked for, and anew where the machine's address or its TLS
 * material has changed. What is open on the old one then (terminals, logs) ends by itself: the engine is the
 * same, and where its old address leads nowhere any more, TCP soon notices.
 */
export function createEnginePool({ db, sql, box, connectEngine }: Parts): EnginePool & { close(): void } {
  const open = new Map<string, { row: Row; engine: Engine }>();
  const replaced: Engine[] = [];
  const connect = ({ tls: sealed, ...row }: Row, key: SshKey | null): Engine => {
    // What was moved from certificates to ssh keeps them, for the way back.
    const tls = key ? null : openTls(box, sealed);
    return connectEngine(addressOf({ ...row, tls }, key));
  };
  return {
    async engineOf(machineId) {
      const row = await db.machines.findUnique({ where: { machine_id: machineId }, select: COLUMNS });
      const key = row && isSsh(row.url) ? await sshKeyOf({ sql, box }) : null;
      const known = open.get(machineId);
      if (!row) {
        known?.engine.close();
        open.delete(machineId);
        throw noSuchMachine(machineId);
      }
      if (known && isNoNewer(row, known.row)) return known.engine;
      const engine = known && isSameAddress(row, known.row) ? known.engine : connect(row, key);
      if (known && engine !== known.engine) replaced.push(known.engine);
      open.set(machineId, { row, engine });
      return engine;
    },
    close() {
      for (const engine of [...replaced.splice(0), ...[...open.values()].map((known) => known.engine)]) engine.close();
      open.clear();
    },
  };
}

/** Of two reads at once the one that saw less may be answered last. A machine that was added again begins anew. */
const isNoNewer = (row: Row, known: Row): boolean =>
  row.created_at.getTime() === known.created_at.getTime() && row.generation <= known.generation;

const isSameAddress = (a: Row, b: Row): boolean =>
  a.url === b.url &&
  a.ssh_host_key === b.ssh_host_key &&
  a.allow_insecure === b.allow_insecure &&
  Buffer.compare(a.tls ?? NO_TLS, b.tls ?? NO_TLS) === 0;

const NO_TLS = new Uint8Array();
