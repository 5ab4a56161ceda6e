import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { BaseReference } from "./build-context/check-dockerfile.ts";

export interface BaseImage {
  image_id: number;
  create_params: unknown;
}

interface Found extends BaseImage {
  name: string;
  phase: string;
}

/**
 * The image of ours that a Dockerfile starts from: `public/name:tag`, or a name with the address of Berth's registry in
 * front; null for one of somebody else's registry. UNPROCESSABLE, naming the line, where it should be ours and is not
 * there to build from. In a transaction it stays until that ends.
 */
export async function findBase(sql: Sql, { line, reference }: BaseReference): Promise<BaseImage | null> {
  const [address] = await sql<{ registry: string }>("SELECT registry_address() AS registry");
  const registry = `${address?.registry}/`;
  const isOnRegistry = reference.startsWith(registry);
  const name = isOnRegistry ? reference.slice(registry.length) : reference;
  if (!isOnRegistry && !name.startsWith("public/")) return null;
  const [tagged = "", digest] = name.split("@", 2);
  const [repository = "", tag = "latest"] = tagged.split(":", 2);
  const [image] = await sql<Found>(
    `SELECT i.image_id, i.name, i.create_params, COALESCE(s.phase, 'Waiting') AS phase
     FROM images i LEFT JOIN image_status s USING (image_id)
     WHERE i.desired = 'present'
       AND CASE WHEN $3::text IS NULL THEN i.name = $1 || ':' || $2
                ELSE split_part(i.name, ':', 1) = $1 AND s.digest = $3 END
     ORDER BY s.phase = 'Ready' DESC NULLS LAST, i.image_id LIMIT 1 FOR SHARE OF i`,
    [repository, tag, digest ?? null],
  );
  const refuse = (why: string): DomainError =>
    new DomainError("UNPROCESSABLE", `dockerfile, line ${line}: FROM ${reference.slice(0, 300)}: ${why}`, {
      field: "dockerfile",
      line,
    });
  if (!image) throw refuse("there is no such image.");
  if (image.phase !== "Ready") throw refuse(`${image.name} is ${image.phase}: build from it when it is Ready.`);
  return image;
}
