import { z } from "zod";
import type { RegistryAccess } from "./access.ts";
import { notRegistry, orNull } from "./failures.ts";
import { decode, parseJson } from "./manifest.ts";
import { pullFrom } from "./read-manifest.ts";
import type { Exchange } from "./registry-link.ts";

/** Of one page: 2.8 and 3.x refuse more than their own limit, which nobody sets below this. */
const PAGE = 500;
const MAX_PAGES = 10_000;
const MAX_PAGE_BYTES = 16 * 1024 * 1024;

const Tags = z.object({ tags: z.array(z.string()).nullable() }).transform(({ tags }) => tags ?? []);
const Repositories = z
  .object({ repositories: z.array(z.string()).nullable() })
  .transform(({ repositories }) => repositories ?? []);

/** 2.8 gives all at once, in no order; 3.x page by page. */
export const listTags = (exchange: Exchange, repository: string): Promise<string[]> =>
  listAll(exchange, `/v2/${repository}/tags/list?n=${PAGE}`, pullFrom(repository), Tags);

export const listRepositories = (exchange: Exchange): Promise<string[]> =>
  listAll(exchange, `/v2/_catalog?n=${PAGE}`, { type: "registry", name: "catalog", actions: ["*"] }, Repositories);

async function listAll(
  exchange: Exchange,
  path: string,
  access: RegistryAccess,
  schema: z.ZodType<string[]>,
): Promise<string[]> {
  const names = new Set<string>();
  let page: string | null = path;
  for (let count = 0; page !== null; count += 1) {
    if (count === MAX_PAGES) throw notRegistry("a list without an end");
    const answer = await orNull(exchange.send({ method: "GET", path: page, access: [access] }, MAX_PAGE_BYTES));
    if (!answer) break; // nothing is there at all, or what was there went away between two pages
    for (const name of decode(schema, parseJson(answer.body))) names.add(name);
    page = nextPage(answer.headers.link, page);
  }
  return [...names].sort();
}

/** `</v2/_catalog?last=b&n=500>; rel="next"`: only where on this registry, so that our token goes nowhere else. */
function nextPage(link: string | string[] | undefined, current: string): string | null {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec([link ?? ""].flat().join(","))?.[1];
  if (target === undefined) return null;
  const { pathname, search } = new URL(target, new URL(current, "http://registry"));
  if (!pathname.startsWith("/v2/")) throw notRegistry("its list goes on elsewhere");
  return `${pathname}${search}`;
}
