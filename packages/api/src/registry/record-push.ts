import { setTimeout as delay } from "node:timers/promises";
import { compareDigest, recordPushed } from "@berth/db/images/record-pushed.ts";
import type { Registry } from "@berth/docker/registry/registry.ts";
import { TOKEN_SUBJECT } from "@berth/docker/registry/token.ts";
import { CreateParams } from "@berth/spec/create-params.ts";
import { ImageName } from "@berth/spec/image.ts";
import type { Role } from "@berth/spec/user.ts";
import type { ApiServices } from "../context.ts";
import { portsOf } from "./exposed-ports.ts";

/** Somebody pushed a tag, as the registry tells it. */
export interface TagPush {
  repository: string;
  tag: string;
  digest: string;
  /** The token's subject: an account, or Berth itself. */
  actor: string;
}

/** Less than the registry waits for our answer. */
const TAGGING_MS = 1_000;
const LOOK_AGAIN_MS = 50;

interface Pusher {
  user_id: number;
  account: string;
  role: Role;
}

/**
 * Records what somebody pushed into their own namespace, or an admin for all, as an image; where it is one already, and
 * now another content, the reconciler is told to look. What Berth pushes itself is on record. Told twice, late or out of
 * turn it comes to the same: what counts is what the registry holds now. Throws a RegistryError where it can't say.
 */
export async function recordPush(
  { sql, registries }: Pick<ApiServices, "sql" | "registries">,
  { repository, tag, digest: told, actor }: TagPush,
): Promise<void> {
  const name = `${repository}:${tag}`;
  if (actor === TOKEN_SUBJECT || !ImageName.safeParse(name).success) return;
  const pusher = await findPusher(sql, actor);
  if (!pusher || !isTheirs(pusher, repository)) return;

  const registry = await registries.current();
  if (!registry) return;
  const digest = (await findTagged(registry, { repository, tag, digest: told })) ?? told;
  if (await compareDigest(sql, name, digest)) return;
  const described = await registry.describe(repository, digest);
  if (!described) return; // it was deleted meanwhile
  const { config_digest, size_bytes, layers } = described;
  await recordPushed(sql, {
    name,
    user_id: repository.startsWith("public/") ? null : pusher.user_id,
    create_params: await readCreateParams(registry, repository, config_digest),
    digest,
    size: size_bytes,
    layers,
  });
}

/**
 * What the tag stands for. Distribution tells of a manifest that was put before it has moved the tag, so that another
 * digest, or none, may be only the one before: it gets a moment.
 */
async function findTagged(
  registry: Registry,
  { repository, tag, digest }: Omit<TagPush, "actor">,
): Promise<string | null> {
  const until = performance.now() + TAGGING_MS;
  for (;;) {
    const head = await registry.headManifest(repository, tag);
    if (head?.digest === digest || performance.now() > until) return head?.digest ?? null;
    await delay(LOOK_AGAIN_MS);
  }
}

async function findPusher(sql: ApiServices["sql"], account: string): Promise<Pusher | null> {
  const [pusher] = await sql<Pusher>(
    "SELECT user_id, account, role FROM users WHERE account = $1 AND deleted_at IS NULL",
    [account],
  );
  return pusher ?? null;
}

const isTheirs = ({ account, role }: Pusher, repository: string): boolean =>
  repository.startsWith(`${account}/`) || (role === "admin" && repository.startsWith("public/"));

/** What a container starts with is in the image itself; only its ports are named here. */
async function readCreateParams(registry: Registry, repository: string, config: string | null): Promise<CreateParams> {
  const found = config === null ? null : await registry.readConfig(repository, config);
  return CreateParams.parse({ ports: portsOf(found?.exposed_ports ?? []) });
}
