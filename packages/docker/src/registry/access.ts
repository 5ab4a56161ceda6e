/** What a token lets its bearer do: distribution's claim `access`, and the meaning of a scope. */
export interface RegistryAccess {
  /** "repository" or "registry". */
  type: string;
  /** A repository without its registry (`alice/work`), or "catalog". */
  name: string;
  /** "pull", "push", "delete", "*". */
  actions: string[];
}

const SCOPE = /^([a-z0-9]+)(?:\([a-z0-9]+\))?:(.+):([^:]*)$/;
const MAX_SCOPE_LENGTH = 1_024;

/**
 * `repository:alice/work:pull,push` → what it asks for; null for what is no scope. A name may hold colons, since a
 * registry's own address may stand in front of it; a class, as in `repository(plugin):…`, says nothing here.
 */
export function parseScope(scope: string): RegistryAccess | null {
  const [, type, name, actions] = (scope.length <= MAX_SCOPE_LENGTH && SCOPE.exec(scope)) || [];
  if (type === undefined || name === undefined || actions === undefined) return null;
  return { type, name, actions: [...new Set(actions.split(",").filter((action) => action !== ""))] };
}

/** All scopes of a request: each may hold several, with spaces between. What is no scope is left out. */
export function parseScopes(scopes: readonly string[]): RegistryAccess[] {
  return scopes.flatMap((several) => several.split(" ")).flatMap((scope) => parseScope(scope) ?? []);
}
