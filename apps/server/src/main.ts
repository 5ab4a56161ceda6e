import { fileURLToPath } from "node:url";
import type { ApiServices } from "@berth/api/context.ts";
import { createApiServices } from "@berth/api/services.ts";
import { createDb, type Db } from "@berth/db/client.ts";
import { completeEnvironment } from "@berth/db/embedded/complete-environment.ts";
import { loadInstallation } from "@berth/db/installation.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { stopOnSignals } from "@berth/db/stop-on-signals.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { buildApp } from "./build-app.ts";
import { EnvError } from "@berth/spec/environment.ts";
import { type Env, readEnv } from "./env.ts";
import { missingMigrations } from "./health.ts";
import { HttpServers } from "./http-servers.ts";
import { recordProxyAddress } from "@berth/api/proxy/addresses.ts";
import { recordPublicHost } from "@berth/api/machines/host.ts";
import { recordGateway } from "@berth/api/ssh/gateway-address.ts";
import { loadSshHostKey } from "@berth/api/ssh/host-key.ts";
import { type Live, openLive } from "./live/open-live.ts";
import { createLog } from "./log.ts";
import { proxyAddressOf } from "./proxy/proxy-address.ts";
import { Proxy } from "./proxy/proxy.ts";
import { publicHostOf } from "./public-host.ts";
import { Reach } from "./reach/reach.ts";
import { createGateway, type Gateway, type GatewayOptions } from "./ssh/gateway.ts";
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
  const services = createApiServices({
    db,
    box,
    installation,
    connectEngine,
    changes: live.changes,
    log,
    publicUrl: env.BERTH_PUBLIC_URL,
  });
  const app = await buildApp({
    services,
    log,
    live,
    servers,
    trustProxy: env.BERTH_TRUST_PROXY,
    consoleDir: fileURLToPath(new URL("../../web/dist", import.meta.url)),
  });
  await recordPublicHost(services.sql, publicHostOf(env));
  const reach = new Reach(services);
  const proxy = await openProxy(env, { services, reach, live, servers, log });
  const gateway = await openGateway(env, { services, reach, log, live });
  const stop = async (): Promise<void> => {
    await close(app);
    await gateway?.close();
    await proxy?.close();
    reach.close();
    services.engines.close();
    services.registries.close();
    await live.close();
    await db.$disconnect();
  };
  stopOnSignals({ log, isSupervised: env.BERTH_SUPERVISED, stop });
  await listen(app, env);
}

/** Shows the pages of containers on an origin of their own, and says in the database where that is. */
async function openProxy(
  env: Env,
  parts: { services: ApiServices; reach: Reach; live: Live; servers: HttpServers; log: FastifyBaseLogger },
): Promise<Proxy | null> {
  const { BERTH_HOST: host, BERTH_PORT, BERTH_TRUST_PROXY } = env;
  const port = env.BERTH_PROXY_PORT ?? (BERTH_PORT === 0 ? 0 : BERTH_PORT + 1);
  const isSecure = parts.servers.isSecure;
  const address = proxyAddressOf(env, { port, isSecure });
  const consoleUrl = env.BERTH_PUBLIC_URL ?? null;
  const proxy = new Proxy({ ...parts, address, consoleUrl, isBehindProxy: BERTH_TRUST_PROXY !== false });
  try {
    address.url = proxyAddressOf(env, { port: await proxy.listen(host, port), isSecure }).url;
  } catch (error) {
    await proxy.close();
    const failure = cannotListen(error, host, port, "set BERTH_PROXY_PORT");
    if (env.BERTH_PROXY_PORT !== undefined) throw failure;
    parts.log.warn({ err: error }, `web pages of containers are not shown: ${failure.message}`);
    return null; // nobody asked for this very port, and all else works without
  }
  await recordProxyAddress(parts.services.sql, address);
  parts.log.info({ ...address }, "web pages of containers are shown");
  return proxy;
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
    throw cannotListen(error, host, port, "set BERTH_PORT");
  }
}

function cannotListen(error: unknown, host: string, port: number, advice: string): StartError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === "EADDRINUSE" ? `another program listens there: ${advice}` : message;
  return new StartError(`can't listen on ${host}:${port}: ${reason}`, { cause: error });
}

/** The ssh gateway, listening; null where it is off. What it is reached by stands in the database, for all servers. */
async function openGateway(
  env: Env,
  { reach, ...parts }: Pick<GatewayOptions, "services" | "log" | "live"> & { reach: Reach },
): Promise<Gateway | null> {
  const { BERTH_HOST: host, BERTH_SSH_PORT: wanted } = env;
  const { sql, box } = parts.services;
  if (wanted === null) {
    await recordGateway(sql, null);
    return null;
  }
  const hostKey = await loadSshHostKey(sql, box);
  const gateway = createGateway({ ...parts, hostKey, dial: (request) => reach.dial(request) });
  try {
    const port = await gateway.listen(host, wanted);
    const { fingerprint } = hostKey;
    await recordGateway(sql, { host: publicHostOf(env), port, fingerprint });
    parts.log.info({ host, port, fingerprint }, "the ssh gateway is listening");
  } catch (error) {
    throw cannotListen(error, host, wanted, "set BERTH_SSH_PORT, or BERTH_SSH_PORT=off for no ssh gateway");
  }
  return gateway;
}

/** Requests under way are answered; what is still open then is cut. */
async function close(app: FastifyInstance): Promise<void> {
  const insist = setTimeout(() => app.server.closeAllConnections(), CLOSE_TIMEOUT_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(insist);
  }
}

try {
  await start(readEnv(await completeEnvironment(process.env)));
} catch (error) {
  // What a person can mend is told in lines that they can read; anything else is ours, with its stack.
  const isExpected = error instanceof StartError || error instanceof EnvError || error instanceof CertificateError;
  console.error(isExpected ? error.message.replace(/^/gm, "berth server: ") : error);
  process.exit(1);
}
