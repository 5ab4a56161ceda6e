import type { AuthedContext } from "@berth/api/context.ts";
import { createApiServices } from "@berth/api/services.ts";
import { addImage } from "@berth/api/images/add.ts";
import { addMachine } from "@berth/api/machines/add.ts";
import type { Db } from "@berth/db/client.ts";
import { loadInstallation } from "@berth/db/installation.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { AddImageInput } from "@berth/spec/image.ts";
import { AddMachineInput } from "@berth/spec/machine.ts";

export interface LocalMachine {
  url: string;
  name?: string;
  is_builder: boolean;
  /** Named by the admin at this start: recorded even where an admin has removed it before. */
  isWanted: boolean;
}

/** How many machines are recorded, of each kind: it decides whether a start without an engine simulates any. */
export async function countMachines(db: Db): Promise<{ real: number; simulated: number }> {
  const simulated = await db.machines.count({ where: { simulated: true } });
  return { real: (await db.machines.count()) - simulated, simulated };
}

/** Records the machines that this host brings along, except those that are recorded or that an admin has removed. */
export async function recordLocalMachines(
  db: Db,
  secretKey: string,
  machines: LocalMachine[],
  say: (line: string) => void,
): Promise<void> {
  const ctx = await actAsFirstAdmin(db, secretKey);
  for (const { url, name, is_builder, isWanted } of machines) {
    if (await db.machines.findUnique({ where: { url } })) continue;
    if (!isWanted && (await wasRemoved(db, url))) continue;
    const input = AddMachineInput.parse({ url, is_builder, allow_insecure: true, ...(name && { name }) });
    try {
      const machine = await addMachine(ctx, input);
      say(`added machine ${machine.name} (${url})`);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.code !== "CONFLICT") say(`machine ${url} was not added: ${error.message}`); // else: known by another URL
    }
  }
}

/** The names are those that the simulated engines hold. */
const SIMULATED_IMAGES = ["busybox:latest", "debian:12"];

/** Lets a newcomer start something on simulated machines. Nothing is recorded where an image ever was. */
export async function recordSimulatedImages(db: Db, secretKey: string): Promise<void> {
  if ((await db.images.count()) > 0) return;
  const ctx = await actAsFirstAdmin(db, secretKey);
  for (const reference of SIMULATED_IMAGES) {
    const description = "On the simulated machines only: nothing of it really runs.";
    await addImage(ctx, AddImageInput.parse({ name: `public/${reference}`, reference, description }));
  }
}

async function wasRemoved(db: Db, url: string): Promise<boolean> {
  const removed = { noun: "machine", action: "remove", details: { path: ["url"], equals: url } };
  return (await db.audit_log.findFirst({ where: removed })) !== null;
}

async function actAsFirstAdmin(db: Db, secretKey: string): Promise<AuthedContext> {
  const admin = await db.users.findFirstOrThrow({ where: { role: "admin" }, orderBy: { user_id: "asc" } });
  const services = createApiServices({
    db,
    box: createSecretBox(secretKey),
    installation: await loadInstallation(prismaSql(db)),
    connectEngine,
  });
  return {
    ...services,
    actor: {
      user_id: admin.user_id,
      account: admin.account,
      role: "admin",
      scope: "write",
      credential: {
        kind: "access_token",
        token_epoch: admin.token_epoch,
        expires_at: new Date(Date.now() + 3_600_000),
      },
    },
    cookies: null,
    address: null,
    request_id: "npm start",
  };
}
