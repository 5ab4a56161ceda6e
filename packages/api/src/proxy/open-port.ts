import type { OpenedPort, OpenPortInput } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../audit.ts";
import { getContainer } from "../containers/get.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { loadProxyAddress, originOf, OWN_PATH } from "./addresses.ts";
import { hashSecret, newSecret } from "./secrets.ts";

const CODE_MS = 30_000;

/**
 * An address with a code that is good once: the proxy gives whoever opens it a cookie for this container. NOT_FOUND for
 * who may not see the container, UNPROCESSABLE where it has no such http port, UNAVAILABLE where no server shows pages.
 */
export async function openPort(ctx: AuthedContext, { container_id, port }: OpenPortInput): Promise<OpenedPort> {
  const container = await getContainer(ctx, { container_id });
  const address = await loadProxyAddress(ctx.sql);
  if (!address)
    throw new DomainError("UNAVAILABLE", "No server shows web pages: ask an admin to set BERTH_PROXY_PORT.");
  const pages = container.spec.ports.filter(({ kind, protocol }) => kind === "http" && protocol === "tcp");
  if (!pages.some(({ name }) => name === port)) {
    const names = pages.map(({ name }) => name).join(", ");
    const advice = names === "" ? "it has none: add one with the kind http" : `it has ${names}`;
    throw new DomainError("UNPROCESSABLE", `${container.name} has no http port ${port}; ${advice}.`);
  }
  const code = newSecret();
  const expires_at = new Date(Date.now() + CODE_MS);
  await transact(ctx.db, async (tx) => {
    const { user_id, credential } = ctx.actor;
    await tx.proxy_codes.create({
      data: { code_hash: hashSecret(code), user_id, container_id, port, credential: { ...credential }, expires_at },
    });
    const details = { name: container.name, port };
    await recordAudit(tx, ctx, { action: "open port", noun: "container", object_id: container_id, details });
  });
  const url = `${originOf(address, container, port)}${OWN_PATH}/open?code=${code}`;
  return { url, expires_at: expires_at.toISOString() };
}
