import { copyManifest, mountLayers, replaceByEmpty } from "./copy-manifest.ts";
import { describeManifest, readConfig } from "./describe.ts";
import { notRegistry, orNull } from "./failures.ts";
import { listRepositories, listTags } from "./list-names.ts";
import { checkedDigest, checkedRepository, checkedTag, checkedTagOrDigest } from "./names.ts";
import { headManifest } from "./read-manifest.ts";
import type { Registry } from "./registry.ts";
import { type Exchange, type RegistryConnection, RegistryLink } from "./registry-link.ts";

const SHORT = { deadlineMs: 10_000 };
/** Deleting writes as often as there are tags, and lists walk folders. */
const LONG = { deadlineMs: 60_000 };
const STALL_MS = 120_000;

/**
 * One registry, behind the contract of {@link Registry}. Makes no connection yet. It keeps a few open, so keep one for a
 * process and `close` it.
 */
export function connectRegistry(connection: RegistryConnection): Registry {
  const link = new RegistryLink(connection);
  // Async, so that a name that is none rejects instead of throwing.
  return {
    check: (options) => link.call(options, SHORT, check),
    headManifest: async (repository, reference, options) => {
      const [name, what] = [checkedRepository(repository), checkedTagOrDigest(reference)];
      return link.call(options, SHORT, (exchange) => headManifest(exchange, name, what));
    },
    describe: async (repository, digest, options) => {
      const [name, what] = [checkedRepository(repository), checkedDigest(digest)];
      return link.call(options, LONG, (exchange) => describeManifest(exchange, name, what));
    },
    readConfig: async (repository, digest, options) => {
      const [name, what] = [checkedRepository(repository), checkedDigest(digest)];
      return link.call(options, SHORT, (exchange) => readConfig(exchange, name, what));
    },
    deleteManifest: async (repository, digest, options) => {
      const [name, what] = [checkedRepository(repository), checkedDigest(digest)];
      return link.call(options, LONG, (exchange) => deleteManifest(exchange, name, what));
    },
    listTags: async (repository, options) => {
      const name = checkedRepository(repository);
      return link.call(options, LONG, (exchange) => listTags(exchange, name));
    },
    listRepositories: (options) => link.call(options, LONG, listRepositories),
    copyManifest: async (from, to, options) => {
      const source = { repository: checkedRepository(from.repository), digest: checkedDigest(from.digest) };
      const target = { repository: checkedRepository(to.repository), tag: checkedTag(to.tag) };
      const limits = { stallMs: options?.stallTimeoutMs ?? STALL_MS };
      return link.call(options, limits, (exchange) => copyManifest(exchange, source, target));
    },
    mountLayers: async (from, to, options) => {
      const source = { repository: checkedRepository(from.repository), digest: checkedDigest(from.digest) };
      const target = checkedRepository(to);
      const limits = { stallMs: options?.stallTimeoutMs ?? STALL_MS };
      return link.call(options, limits, (exchange) => mountLayers(exchange, source, target));
    },
    replaceByEmpty: async (repository, tag, options) => {
      const [name, what] = [checkedRepository(repository), checkedTag(tag)];
      return link.call(options, LONG, (exchange) => replaceByEmpty(exchange, name, what));
    },
    close: () => link.close(),
  };
}

/** Anything may answer 200 to anything: a registry says what it is, or answers an empty object. */
async function check(exchange: Exchange): Promise<void> {
  const { headers, body } = await exchange.send({ method: "GET", path: "/v2/", access: [] });
  const isRegistry = headers["docker-distribution-api-version"] === "registry/2.0" || body.toString().trim() === "{}";
  if (!isRegistry) throw notRegistry("no word of the registry's interface");
}

async function deleteManifest(exchange: Exchange, repository: string, digest: string): Promise<boolean> {
  const path = `/v2/${repository}/manifests/${digest}`;
  const access = [{ type: "repository", name: repository, actions: ["delete"] }];
  return (await orNull(exchange.send({ method: "DELETE", path, access }))) !== null;
}
