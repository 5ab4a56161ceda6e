import type { Db } from "@berth/db/client.ts";
import type { SecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Engine, EngineAddress } from "@berth/docker/engine.ts";
import type { Registry } from "@berth/docker/registry/registry.ts";
import type { TokenKeys } from "@berth/docker/registry/token.ts";
import type { TokenScope } from "@berth/spec/api-token.ts";
import type { Change, ContainerStats } from "@berth/spec/live.ts";
import type { Role } from "@berth/spec/user.ts";

/** Someone with an account. Read from the database for each request, so a role that was taken away counts at once. */
export interface Person {
  user_id: number;
  account: string;
  role: Role;
}

/** What a caller proved who they are with: a socket that outlives its request is judged by it again. */
export type Credential =
  /** An access token without a session, as a program gets by signing in. */
  | { kind: "access_token"; token_epoch: number; expires_at: Date }
  /** A browser's access token, which ends with its session. */
  | { kind: "session"; session_id: string }
  | { kind: "api_token"; token_id: number }
  /** A key of their profile, with which they came to the ssh gateway: by its SHA-256, in hex. */
  | { kind: "ssh_key"; key_id: string };

/** Who calls, and with what. */
export interface Actor extends Person {
  /** Only an API token may have less than `write`. */
  scope: TokenScope;
  credential: Credential;
}

/** What lives as long as the process. */
export interface ApiServices {
  db: Db;
  /** Raw statements outside a transaction. */
  sql: Sql;
  box: SecretBox;
  /** This installation's uuid. */
  installation: string;
  /** Where people and machines reach Berth, as the admin named it: `https://berth.lab`. */
  publicUrl: string | null;
  connectEngine(address: EngineAddress): Engine;
  /** Open connections to the machines' engines, shared by all that reads from them. */
  engines: EnginePool;
  registries: RegistryPool;
  changes: ChangeFeed;
  stats: StatsFeed;
  calls: CallLimiter;
  log: FaultLog;
}

/** Told of faults of ours that no caller is told as theirs. */
export interface FaultLog {
  error(fields: { err: unknown }, message: string): void;
}

export interface EnginePool {
  /** NOT_FOUND where there is no such machine. The engine is the pool's to close. */
  engineOf(machineId: string): Promise<Engine>;
}

export interface RegistryPool {
  /** The registry as it is recorded now, which takes Berth's own tokens; null where none is. It is the pool's to close. */
  current(): Promise<Registry | null>;
  /** What every token for it is signed with. */
  tokenKeys(): Promise<TokenKeys>;
  /** What it says with its notifications. */
  eventsSecret(): Promise<string>;
}

export interface ChangeFeed {
  /** Batches of what changed for this actor, from now on until `signal` aborts. Never a change of what they may not see. */
  follow(actor: Person, signal: AbortSignal): AsyncIterable<Change[]>;
}

export interface StatsFeed {
  /** Readings about every two seconds while it runs, until `signal` aborts. Who may see them is the caller's to know. */
  follow(containerId: number, signal: AbortSignal): AsyncIterable<ContainerStats>;
}

export interface CallLimiter {
  /** Throws TOO_MANY_REQUESTS with `details.retry_after_s` where this account calls too often. */
  count(userId: number): void;
  /**
   * Throws TOO_MANY_REQUESTS where so many of this account's requests are being answered: an answer that nobody reads is
   * kept in memory. Call what it returns, once, when the answer has gone.
   */
  begin(userId: number): () => void;
}

/** What a browser keeps for us, so that its page can be loaded again. */
export interface BrowserCookies {
  /** The refresh token that it sent. */
  refresh_token: string | null;
  /** What its page sent along: whoever has only the cookie may be another server of our host. */
  page_key: string | null;
  /** No page key: it keeps the one that it has. */
  keep(given: { refresh_token: string; page_key: string | null }): void;
  forget(): void;
}

/** What one request adds. */
export interface ApiContext extends ApiServices {
  /** Null for a caller without a good token. */
  actor: Actor | null;
  /** The caller's network address, for throttling and the audit log. */
  address: string | null;
  /** By what address this caller came here, `http://10.0.0.1:3000`; absent where it was not by HTTP. */
  origin?: string | undefined;
  request_id: string;
  /** Null for a program that is no browser. */
  cookies: BrowserCookies | null;
}

export interface AuthedContext extends ApiContext {
  actor: Actor;
}
