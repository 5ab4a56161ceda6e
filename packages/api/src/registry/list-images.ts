import type { Registry } from "@berth/docker/registry/registry.ts";
import { RegistryError } from "@berth/docker/registry/registry.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { PageInput } from "@berth/spec/page.ts";
import type { RegistryImage } from "@berth/spec/registry.ts";
import type { AuthedContext } from "../context.ts";
import type { Page } from "../page.ts";

/** Of one repository; nobody reads more, and the registry is asked about each. */
const TAGS_AT_MOST = 200;
const REPOSITORIES_AT_MOST = 100;

/**
 * What the registry itself says it holds, a page of repositories at a time, beside what is on record. UNAVAILABLE where it
 * does not answer.
 */
export async function listRegistryImages(
  ctx: AuthedContext,
  { limit, cursor }: PageInput,
): Promise<Page<RegistryImage>> {
  try {
    const registry = await ctx.registries.current();
    if (!registry) throw new DomainError("UNAVAILABLE", "There is no registry: see GET /api/registry.");
    const all = await registry.listRepositories();
    const rest = all.filter((repository) => cursor === undefined || repository > cursor);
    const repositories = rest.slice(0, Math.min(limit, REPOSITORIES_AT_MOST));
    const tagged = (await Promise.all(repositories.map((repository) => readTags(registry, repository)))).flat();
    const next_cursor = rest.length > repositories.length ? (repositories.at(-1) ?? null) : null;
    return { items: await compare(ctx, tagged), next_cursor };
  } catch (error) {
    if (error instanceof RegistryError) throw new DomainError("UNAVAILABLE", error.message);
    throw error;
  }
}

interface Tagged {
  name: string;
  digest: string;
}

async function readTags(registry: Registry, repository: string): Promise<Tagged[]> {
  const tags = (await registry.listTags(repository)).slice(0, TAGS_AT_MOST);
  const tagged: Tagged[] = [];
  for (const tag of tags) {
    const head = await registry.headManifest(repository, tag);
    if (head) tagged.push({ name: `${repository}:${tag}`, digest: head.digest });
  }
  return tagged;
}

async function compare({ sql }: AuthedContext, tagged: Tagged[]): Promise<RegistryImage[]> {
  const rows = await sql<{ image_id: number; name: string; digest: string | null }>(
    `SELECT i.image_id, i.name, s.digest FROM images i LEFT JOIN image_status s USING (image_id)
     WHERE i.reference IS NULL AND i.desired = 'present' AND i.name = ANY ($1::text[])`,
    [tagged.map(({ name }) => name)],
  );
  const known = new Map(rows.map((row) => [row.name, row]));
  return tagged.map(({ name, digest }) => {
    const row = known.get(name);
    const drifted = row !== undefined && row.digest !== null && row.digest !== digest;
    return { name, digest, image_id: row?.image_id ?? null, foreign: row === undefined, drifted };
  });
}
