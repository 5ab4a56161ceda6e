// The floor of the doors' benchmark: Fastify, pg and JSON.stringify, and nothing else. The same queries and the same
// bytes as Berth's own routes give, without tokens, validation, limits or a log.
import { createRequire } from "node:module";
import type { Actor } from "@berth/api/context.ts";
import { listContainers } from "@berth/api/containers/list.ts";
import { readMachineInfo } from "@berth/api/machines/info.ts";
import { createPool } from "@berth/db/pool.ts";
import { pgSql } from "@berth/db/sql.ts";

/** What is used here of packages that are the server's and the API's, not ours. */
interface Fastify {
  get(path: string, answer: (request: { query: Record<string, string> }) => Promise<unknown>): void;
  post(path: string, answer: (request: { body: { account: string; password: string } }) => Promise<unknown>): void;
  listen(at: { host: string; port: number }): Promise<string>;
  close(): Promise<void>;
}

interface Argon2 {
  verify(stored: string, sent: string): Promise<boolean>;
}

const installedFor = (owner: string) => createRequire(new URL(`../../../../../${owner}/package.json`, import.meta.url));
const createFastify = installedFor("apps/server")("fastify") as () => Fastify;
const argon2 = installedFor("packages/api")("@node-rs/argon2") as Argon2;

/** As many connections as the API opens at most, which is pg's own default. */
const CONNECTIONS = 10;
const ADMIN: Actor = {
  user_id: 0,
  account: "nobody",
  role: "admin",
  scope: "read",
  credential: { kind: "api_token", token_id: 0 },
};

const pool = createPool(process.env["DATABASE_URL"]!, {
  max: CONNECTIONS,
  applicationName: "berth-bench-bare",
  onError: (error) => console.error(error),
});
const sql = pgSql(pool);

const containers = ({ limit, cursor }: Record<string, string>) =>
  listContainers(
    { sql, actor: ADMIN },
    { scope: "all", limit: Number(limit), ...(cursor !== undefined && { cursor }) },
  );

const app = createFastify();
app.get("/machine/info", async () => JSON.stringify(await readMachineInfo({ sql })));
app.get("/containers", async ({ query }) => JSON.stringify(await containers(query)));
app.get("/trpc/containers", async ({ query }) => JSON.stringify({ result: { data: await containers(query) } }));
app.post("/login", async ({ body }) => {
  const [user] = await sql<{ password: string }>("SELECT * FROM users WHERE account = $1", [body.account]);
  if (!user || !(await argon2.verify(user.password, body.password))) throw new Error("a wrong password");
  return JSON.stringify({ access_token: "x".repeat(300) });
});

console.log(await app.listen({ host: "127.0.0.1", port: 0 }));
process.stdin.resume();
process.stdin.on("end", () => void app.close().then(() => pool.end()));
