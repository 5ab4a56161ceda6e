import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { networkOf } from "@berth/api/auth/login-throttle.ts";
import type { ApiServices } from "@berth/api/context.ts";
import type { SshHostKey } from "@berth/api/ssh/host-key.ts";
import type { FastifyBaseLogger } from "fastify";
import ssh2, { type ClientInfo, type Connection } from "ssh2";
import type { Live } from "../live/open-live.ts";
import { closeInTime } from "../close-with.ts";
import { keepRows } from "../commands/keep-rows.ts";
import { ALGORITHMS } from "./algorithms.ts";
import { type CommandLimits, commandSlots } from "./command-slots.ts";
import { type AttemptLimits, FailedAttempts } from "./failed-attempts.ts";
import type { Dial } from "./forward.ts";
import { opensshPrivateKey } from "./openssh-key.ts";
import { type ConnectionLimits, SshConnection } from "./ssh-connection.ts";
import { Commands } from "../commands/commands.ts";

export interface GatewayLimits extends AttemptLimits, ConnectionLimits, CommandLimits {
  /** Until one must have been let in. */
  handshakeMs: number;
  /** Open at once, of one account. */
  perAccount: number;
  /** Open at once, let in or not. */
  connections: number;
  /** Open at once from one address, or network of IPv6, of clients that were not let in, or not yet. */
  guestsPerAddress: number;
  /** Whom an open connection was let in by is looked at again this often, and whenever the database tells of a change. */
  recheckMs: number;
}

const GATEWAY_LIMITS: GatewayLimits = {
  perAddress: 60,
  windowMs: 60_000,
  perAccount: 30,
  connections: 1_000,
  guestsPerAddress: 30,
  channels: 50,
  attempts: 20,
  commandsPerUser: 60,
  commandsPerContainer: 150,
  handshakeMs: 30_000,
  refusalMs: 2_000,
  recheckMs: 60_000,
};

export interface GatewayOptions {
  services: ApiServices;
  log: FastifyBaseLogger;
  hostKey: SshHostKey;
  dial: Dial;
  /** Without it the end of a key or an account is seen when it is looked at next. */
  live?: Pick<Live, "onCredentials"> | undefined;
  limits?: Partial<GatewayLimits>;
}

export interface Gateway {
  /** Throws what the system says where it can't listen. Port 0 takes any; what it took is returned. */
  listen(host: string, port: number): Promise<number>;
  /** Ends all connections, and what they run. */
  close(): Promise<void>;
}

const CHECKS = 10;

/** The ssh server by which people get into their containers, whatever their images hold. */
export function createGateway({ services, log, hostKey, dial, live, limits: changed }: GatewayOptions): Gateway {
  const limits = { ...GATEWAY_LIMITS, ...changed };
  const parts = { services, serverId: randomUUID(), log };
  const commands = new Commands({ ...parts, slots: commandSlots(limits) });
  const rows = keepRows({ ...parts, terminals: commands });
  const failed = new FailedAttempts(limits);
  const connections = new Set<SshConnection>();

  const countOf = (userId: number): number =>
    [...connections].filter((one) => one.userId === userId && !one.isRefused).length;
  /** Of connections that have not said yet that they speak ssh, by who they are. */
  const greeted = new Map<string, { socket: Socket; network: string; tooLate: NodeJS.Timeout }>();
  const guestsOf = (network: string): number => {
    const guests = [...connections].filter((one) => one.userId === null || one.isRefused);
    return [...greeted.values(), ...guests].filter((one) => one.network === network).length;
  };
  const greet = (socket: Socket): void => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined) return void socket.destroy(); // it has gone already
    const network = networkOf(remoteAddress);
    const isTooMany = failed.isTooMany(network) || guestsOf(network) >= limits.guestsPerAddress;
    if (isTooMany) return void socket.destroy();
    const who = `${remoteAddress} ${remotePort}`;
    const tooLate = setTimeout(() => socket.destroy(), limits.handshakeMs);
    greeted.set(who, { socket, network, tooLate });
    socket.once("close", () => {
      clearTimeout(tooLate);
      if (greeted.delete(who)) failed.add(network);
    });
    ssh.injectSocket(socket);
  };
  const take = (client: Connection, { ip, port }: ClientInfo): void => {
    const who = `${ip} ${port}`;
    const guest = greeted.get(who);
    greeted.delete(who);
    if (!guest) return void client.on("error", () => {}).end();
    const { socket, network, tooLate } = guest;
    const connection = new SshConnection(client, socket, {
      services,
      log,
      commands,
      dial,
      limits,
      network,
      letIn: () => clearTimeout(tooLate),
      mayHaveOneMore: (userId) => countOf(userId) <= limits.perAccount,
      perAccount: limits.perAccount,
    });
    connections.add(connection);
    connection.closed.addEventListener("abort", () => {
      connections.delete(connection);
      if (connection.userId === null) failed.add(network);
    });
  };
  const ssh = new ssh2.Server({ hostKeys: [opensshPrivateKey(hostKey)], algorithms: ALGORITHMS, ident: "Berth" }, take);
  // Its own listener would tell of a connection only once that has spoken, and wait for that without end.
  const server = createServer(greet);
  server.maxConnections = limits.connections;

  const recheck = async (userId: number | null): Promise<void> => {
    const doubted = [...connections].filter((one) => one.userId !== null && (userId ?? one.userId) === one.userId);
    while (doubted.length > 0) await Promise.all(doubted.splice(0, CHECKS).map((one) => one.check()));
  };
  live?.onCredentials((userId) => void recheck(userId));
  const timer = setInterval(() => void recheck(null), limits.recheckMs);

  return {
    async listen(host, port) {
      server.listen(port, host);
      await once(server, "listening"); // rejects with its error
      server.on("error", (error: unknown) => log.error({ err: error }, "the ssh gateway failed"));
      return (server.address() as AddressInfo).port;
    },
    async close() {
      clearInterval(timer);
      server.close();
      for (const connection of connections) connection.end();
      await closeInTime(commands, rows);
    },
  };
}
