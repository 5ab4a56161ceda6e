// The floor of the doors' benchmark: Fastify, pg and JSON.stringify, and nothing else. The same queries and the same
// bytes as Berth's own routes give, without tokens, validation, limits or a log.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { isPassword } from "@berth/api/auth/password.ts";
import type { Actor } from "@berth/api/context.ts";
import { listContainers } from "@berth/api/containers/list.ts";
import { readMachineInfo } from "@berth/api/machines/info.ts";
import { createPool } from "@berth/db/pool.ts";
import { pgSql } from "@berth/db/sql.ts";

/** Of Fastify what is used here: the package is the server's, not ours. */
interface Fastify {
  get(path: string, answer: (request: { query: Record<string, string> }) => Promise<unknown>): void;
  post(path: string, answer: (request: { body: { account: string; password: string } }) => Promise<unknown>): void;
  listen(at: { host: string; port: number }): Promise<string>;
  close(): Promise<void>;
}

const server = createRequire(new URL("../../../../../apps/server/package.json", import.meta.url));
const { default: createFastify } = (await import(pathToFileURL(server.resolve("fastify")).href)) as {
  default: () => Fastify;
};

/** As many connections as Prisma's adapter opens at most: it leaves pg's own default. */
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
  if (!user || !(await isPassword(user.password, body.password))) throw new Error("a wrong password");
  return JSON.stringify({ access_token: "x".repeat(300) });
});

console.log(await app.listen({ host: "127.0.0.1", port: 0 }));
process.stdin.resume();
process.stdin.on("end", () => void app.close().then(() => pool.end()));
