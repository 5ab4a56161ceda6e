import { parseScopes, type RegistryAccess } from "@berth/docker/registry/access.ts";
import { issueRegistryToken, type RegistryToken, TOKEN_SERVICE } from "@berth/docker/registry/token.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { ApiServices } from "../context.ts";
import { decideAccess } from "./decide-access.ts";
import { loadAccessFacts } from "./load-facts.ts";
import { checkImageQuota } from "../users/image-quota.ts";
import { type RegistryCredentials, signInToRegistry } from "./sign-in.ts";

/** A registry checks it by itself: whoever may no more still can for so long, and a minute of the registry's leeway. */
const TTL_S = 120;
const MAX_SCOPES = 100;

export interface UserTokenRequest {
  /** Null where none were sent. */
  credentials: RegistryCredentials | null;
  /** The registry that it is for, by its own name for itself. */
  service: string | null;
  /** Each may hold several, with spaces between. */
  scopes: readonly string[];
  address: string | null;
}

/**
 * A user's token for what of the scopes is theirs. CONFLICT for a push into their own namespace where their quota has no
 * room for an image. One that began before there was none is recorded all the same: its content is there.
 */
export async function issueUserToken(
  { sql, registries }: Pick<ApiServices, "sql" | "registries">,
  { credentials, service, scopes, address }: UserTokenRequest,
): Promise<RegistryToken> {
  if (!credentials)
    throw new DomainError("UNAUTHORIZED", "Sign in first: docker login, with an API token as password.");
  if (service !== TOKEN_SERVICE) throw new DomainError("BAD_REQUEST", "This is not the registry that Berth knows.");
  const user = await signInToRegistry(sql, address, credentials);
  const asked = parseScopes(scopes).slice(0, MAX_SCOPES);
  const access = asked.length === 0 ? [] : decideAccess(await loadAccessFacts(sql, user, asked), asked);
  // Docker shows a person why; a push that is only left out of the token reads "denied".
  if (access.some((granted) => isOwnPush(granted, user.account))) await checkImageQuota(sql, user.user_id);
  const request = { subject: user.account, service: TOKEN_SERVICE, access, ttlS: TTL_S };
  return issueRegistryToken(await registries.tokenKeys(), request);
}

const isOwnPush = ({ name, actions }: RegistryAccess, account: string): boolean =>
  name.startsWith(`${account}/`) && actions.includes("push");
