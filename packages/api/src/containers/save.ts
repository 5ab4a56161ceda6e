import type { Tx } from "@berth/db/client.ts";
import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { CreateParams } from "@berth/spec/create-params.ts";
import { DomainError, invalidField } from "@berth/spec/error-code.ts";
import type { Image, SaveContainerInput } from "@berth/spec/image.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { getImage } from "../images/get.ts";
import { refuseManyImages } from "../images/refuse-many.ts";
import { transact } from "../transact.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { checkImageQuota } from "../users/image-quota.ts";
import { type LockedContainer, lockLivingContainer } from "./lock.ts";
import { refuseWhileMoving } from "./refuse-while-moving.ts";
import { findOnEngine } from "./on-engine.ts";

const LOOK_MS = 5_000;

/**
 * Saves what is in a container, running or not, as an image of its owner's. The answer says what that leaves out (what is
 * mounted), and which variables' values it takes along; its phase tells how far it is. CONFLICT where the name is taken or
 * the container was never made, UNAVAILABLE while its machine does not answer.
 */
export async function saveContainer(ctx: AuthedContext, input: SaveContainerInput): Promise<Image> {
  const seen = await lookInside(ctx, input.container_id);
  try {
    return await transact(ctx.db, async (tx) => {
      const sql = prismaSql(tx);
      const container = await lockLivingContainer(sql, ctx.actor, input.container_id);
      const name = nameFor(container.account, input.name);
      await refuseManyImages(sql, { user_id: container.user_id, account: container.account });
      await refuseWhileMoving(sql, container);
      await checkImageQuota(sql, container.user_id);
      const { display_name = null, description = null, create_params } = input;
      const image_id = await insertSave(tx, sql, container, seen, { name, display_name, description, create_params });
      const details = { name: container.name, image: name };
      await recordAudit(tx, ctx, { action: "save", noun: "container", object_id: container.container_id, details });
      return getImage({ sql, actor: ctx.actor }, { image_id });
    });
  } catch (error) {
    if (isUniqueViolation(error)) {
      throw new DomainError(
        "CONFLICT",
        `There is an image ${input.name} already: a saved image never changes, so choose another tag.`,
      );
    }
    throw error;
  }
}

interface Save {
  name: string;
  display_name: string | null;
  description: string | null;
  /** Those of its base where they are left out. */
  create_params?: unknown;
}

/** The row of an image that takes what is in the container, for its machine to make. Returns its number. */
export async function insertSave(
  tx: Tx,
  sql: Sql,
  { container_id, user_id, uid }: LockedContainer,
  seen: Inside,
  { name, display_name, description, create_params }: Save,
): Promise<number> {
  const base = await holdBase(sql, container_id);
  const { image_id } = await tx.images.create({
    data: {
      name,
      display_name,
      description,
      create_params: CreateParams.parse(create_params ?? base.create_params),
      user_id,
      parent_image_id: base.image_id,
      source: "commit",
      origin_uid: uid,
      origin_engine_id: seen.engine_id,
      machine_id: base.machine_id,
      not_saved: seen.mounts,
      // What its base had baked in is still there.
      baked_env: [...new Set([...base.baked_env, ...seen.env])].toSorted(),
      status: { create: {} },
    },
  });
  return image_id;
}

/** `work:1` is the owner's; another's namespace is not theirs to fill, nor an admin's. */
function nameFor(account: string, name: string): string {
  if (!name.includes("/")) return `${account}/${name}`;
  if (name.startsWith(`${account}/`)) return name;
  throw invalidField("name", `What is saved from a container of ${account} is named ${account}/name:tag.`);
}

export interface Inside {
  engine_id: string;
  /** Where something is mounted. */
  mounts: string[];
  /** Names of the variables that its image does not have, or not with that value. */
  env: string[];
}

/** CONFLICT where it was never made or is gone, UNAVAILABLE while its machine does not answer. */
export async function lookInside(ctx: AuthedContext, containerId: number): Promise<Inside> {
  const { engine, engine_id, container } = await findOnEngine(ctx, containerId);
  try {
    const { mounts, env, image_id } = await engine.inspectContainer(engine_id, { deadlineMs: LOOK_MS });
    const base = await readBaseEnv(engine, image_id);
    return {
      engine_id,
      mounts: mounts.map(({ destination }) => destination).toSorted(),
      env: env
        .filter((line) => !base.has(line))
        .map((line) => line.slice(0, line.indexOf("=")))
        .filter((variable) => !variable.startsWith("NVIDIA_"))
        .toSorted(),
    };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind === "not_found") {
      throw new DomainError("CONFLICT", `${container.name} is gone from its machine: there is nothing to save.`);
    }
    throw new DomainError(
      "UNAVAILABLE",
      `The machine of ${container.name} does not answer, so nothing can be saved now: ${error.message}`,
    );
  }
}

/** A container outlives its image where that was removed by force: then all variables are its own. */
async function readBaseEnv(
  engine: Awaited<ReturnType<typeof findOnEngine>>["engine"],
  imageId: string,
): Promise<Set<string>> {
  try {
    return new Set((await engine.inspectImage(imageId, { deadlineMs: LOOK_MS })).env);
  } catch (error) {
    if (error instanceof EngineError && error.kind === "not_found") return new Set();
    throw error;
  }
}

interface Base {
  image_id: number;
  create_params: unknown;
  baked_env: string[];
  machine_id: string;
}

/** What the engine container was made of, locked so that it stays until the new image needs it. */
async function holdBase(sql: Sql, containerId: number): Promise<Base> {
  const [base] = await sql<Base>(
    `SELECT i.image_id, i.create_params, i.baked_env, p.machine_id
     FROM containers c JOIN container_status s USING (container_id) JOIN placements p USING (container_id)
     JOIN images i ON i.image_id = COALESCE(s.image_id, c.image_id)
     WHERE c.container_id = $1 FOR SHARE OF i`,
    [containerId],
  );
  if (!base) throw new DomainError("CONFLICT", "It is not on a machine: there is nothing to save.");
  return base;
}
