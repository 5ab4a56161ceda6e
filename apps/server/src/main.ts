import { fileURLToPath } from "node:url";
import { createApiServices } from "@berth/api/services.ts";
import { createDb, type Db } from "@berth/db/client.ts";
import { completeEnvironment } from "@berth/db/embedded/complete-environment.ts";
import { loadInstallation } from "@berth/db/installation.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { buildApp } from "./build-app.ts";
import { EnvError } from "@berth/spec/environment.ts";
import { type Env, readEnv } from "./env.ts";
import { missingMigrations } from "./health.ts";
import { HttpServers } from "./http-servers.ts";
import { openLive } from "./live/open-live.ts";
import { createLog } from "./log.ts";
import { type Certificate, CertificateError, type CertificateFiles, readCertificate } from "./tls.ts";

const CLOSE_TIMEOUT_MS = 5_000;

/** Something outside must be mended before the server can start; the message says what. */
class StartError extends Error {}

async function start(env: Env): Promise<void> {
  const log = createLog(env.BERTH_LOG_LEVEL);
  const servers = await openServers(env, log);
  const db = createDb(env.DATABASE_URL);
  const installation = await openDatabase(db);
  const live = await openLive(env.DATABASE_URL, log);
  const box = createSecretBox(env.BERTH_SECRET_KEY);
  const services = createApiServices({ db, box, installation, connectEngine, changes: live.changes });
  const app = await buildApp({
    services,
    log,
    live,
    servers,
    trustProxy: env.BERTH_TRUST_PROXY,
    consoleDir: fileURLToPath(new URL("../../web/dist", import.meta.url)),
  });
  closeOnSignals(app, env.BERTH_SUPERVISED, async () => {
    services.engines.close();
    services.registries.close();
    await live.close();
    await db.$disconnect();
  });
  await listen(app, env);
}

async function openServers(env: Env, log: FastifyBaseLogger): Promise<HttpServers> {
  const { BERTH_TLS_CERT: certFile, BERTH_TLS_KEY: keyFile, BERTH_PUBLIC_URL: publicUrl, BERTH_TRUST_PROXY } = env;
  if (certFile === undefined || keyFile === undefined) {
    if (publicUrl?.startsWith("https:") && BERTH_TRUST_PROXY === false) {
      log.warn(
        "BERTH_PUBLIC_URL says https, but no proxy is believed: set BERTH_TRUST_PROXY, or cookies are not Secure",
      );
    }
    return new HttpServers();
  }
  const files = { certFile, keyFile };
  const servers = new HttpServers(await loadCertificate(files, log));
  process.on("SIGHUP", () => void renewCertificate(servers, files, log));
  return servers;
}

async function loadCertificate(files: CertificateFiles, log: FastifyBaseLogger): Promise<Certificate> {
  const { certificate, warnings } = await readCertificate(files);
  for (const warning of warnings) log.warn(warning);
  return certificate;
}

/** What is served stays as it is where the new files can't be used. */
async function renewCertificate(servers: HttpServers, files: CertificateFiles, log: FastifyBaseLogger): Promise<void> {
  try {
    servers.renew(await loadCertificate(files, log));
    log.info("the certificate was read again");
  } catch (error) {
    log.error({ err: error }, "the certificate could not be read again: the old one stays");
  }
}

async function openDatabase(db: Db): Promise<string> {
  const sql = prismaSql(db);
  try {
    const missing = await missingMigrations(sql);
    if (missing.length > 0) throw new StartError("the database is not migrated: run `npm run migrate` first");
    return await loadInstallation(sql);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`the database of DATABASE_URL can't be used: ${reasonOf(error as Error)}`, { cause: error });
  }
}

/** The end of Prisma's message, which has several lines, is what the database or the network said. */
const reasonOf = ({ message }: Error): string =>
  (message.trim().split("\n").at(-1) ?? message).replace(/^.*Message: `(.*)`$/, "$1");

async function listen(app: FastifyInstance, { BERTH_HOST: host, BERTH_PORT: port }: Env): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "EADDRINUSE" ? "another program listens there: set BERTH_PORT" : message;
    throw new StartError(`can't listen on ${host}:${port}: ${reason}`, { cause: error });
  }
}

/**
 * Ends cleanly on SIGTERM and Ctrl-C, and where a parent supervises us, with that parent. `release` gives back what
 * requests and sockets need until the last of them has ended.
 */
function closeOnSignals(app: FastifyInstance, isSupervised: boolean, release: () => Promise<void>): void {
  let closing = false;
  const close = async (cause: string): Promise<void> => {
    if (closing) return;
    closing = true;
    app.log.info({ cause }, "closing");
    // Requests under way are answered; what is still open then is cut.
    const insist = setTimeout(() => app.server.closeAllConnections(), CLOSE_TIMEOUT_MS);
    await app.close();
    clearTimeout(insist);
    await release();
    process.stdin.destroy();
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void close(signal));
  if (!isSupervised) return;
  process.stdin.resume();
  process.stdin.on("end", () => void close("the parent has gone"));
}

try {
  await start(readEnv(await completeEnvironment(process.env)));
} catch (error) {
  // What a person can mend is told in lines that they can read; anything else is ours, with its stack.
  const isExpected = error instanceof StartError || error instanceof EnvError || error instanceof CertificateError;
  console.error(isExpected ? error.message.replace(/^/gm, "berth server: ") : error);
  process.exit(1);
}
