import type { RegistryAccess } from "@berth/docker/registry/access.ts";
import type { Role } from "@berth/spec/user.ts";

/** What there is to know for a decision. */
export interface AccessFacts {
  account: string;
  role: Role;
  /** By what they signed in with: an API token of scope `read` can't. */
  mayWrite: boolean;
  /** The setting. */
  userPush: boolean;
  /** Garbage is collected: what is pushed meanwhile may be taken for garbage. */
  isCollecting: boolean;
  /** Repositories of others in which everything is shared with them. */
  shared: ReadonlySet<string>;
}

/** As images are named. Nothing deeper is on the registry, and nothing at its top. */
const REPOSITORY = /^([a-z0-9]+(?:[._-][a-z0-9]+)*)\/[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/**
 * What of `asked` is granted. What is refused is left out, as distribution's specification has it: the registry then says
 * so where it matters. Nobody deletes, and nobody lists the catalog.
 */
export function decideAccess(facts: AccessFacts, asked: readonly RegistryAccess[]): RegistryAccess[] {
  const granted = new Map<string, Set<string>>();
  for (const { type, name, actions } of asked) {
    const allowed = type === "repository" ? actions.filter((action) => isAllowed(facts, name, action)) : [];
    if (allowed.length > 0) granted.set(name, new Set([...(granted.get(name) ?? []), ...allowed]));
  }
  return [...granted].map(([name, actions]) => ({ type: "repository", name, actions: [...actions] }));
}

function isAllowed(facts: AccessFacts, repository: string, action: string): boolean {
  const { account, role, mayWrite, userPush, isCollecting, shared } = facts;
  const namespace = REPOSITORY.exec(repository)?.[1];
  if (namespace === undefined) return false;
  switch (action) {
    case "pull":
      return role === "admin" || namespace === "public" || namespace === account || shared.has(repository);
    case "push":
      if (!mayWrite || isCollecting) return false;
      return namespace === "public" ? role === "admin" : namespace === account && userPush;
    default:
      return false;
  }
}
