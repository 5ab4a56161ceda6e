import type { Db } from "@berth/db/client.ts";
import type { SecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Engine, EngineAddress } from "@berth/docker/engine.ts";
import type { Role } from "@berth/spec/user.ts";
import type { LoginThrottle } from "./auth/login-throttle.ts";

/** Who calls. Read from the database for each request, so a role or an account that was taken away counts at once. */
export interface Actor {
  user_id: number;
  account: string;
  role: Role;
}

/** What lives as long as the process. */
export interface ApiServices {
  db: Db;
  /** Raw statements outside a transaction. */
  sql: Sql;
  box: SecretBox;
  /** This installation's uuid. */
  installation: string;
  connectEngine(address: EngineAddress): Engine;
  throttle: LoginThrottle;
}

/** What one request adds. */
export interface ApiContext extends ApiServices {
  /** Null for a caller without a good token. */
  actor: Actor | null;
  /** The caller's network address, for throttling and the audit log. */
  address: string | null;
  request_id: string;
}

export interface AuthedContext extends ApiContext {
  actor: Actor;
}
