import { once } from "node:events";
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import type { BerthClient } from "@berth/api/client.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { SYSTEM_IMAGE } from "@berth/spec/engine-names.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { describeOnEngines } from "./on-engines.ts";
import { SshClient, type SshRun } from "./ssh-client.ts";
import type { WatchedContainer } from "./watched-container.ts";

const OWNER = "li.lei";

describeOnEngines(
  ["real"],
  (scene) => {
    let owner: BerthClient;
    let client: SshClient;
    let container: WatchedContainer;
    let port: number;
    let user: string;
    beforeAll(async () => {
      const { berth, engine } = scene();
      await engine.docker("tag", TEST_IMAGE, SYSTEM_IMAGE);
      owner = await berth.server.registerUser(`${OWNER}-${scene().engine.name}`);
      client = await SshClient.open();
      await owner.user.ssh_keys.add.mutate({ public_key: client.public_key });
      container = await scene().run({}, owner);
      port = berth.server.ssh_port;
      user = `${container.name}.${OWNER}-${scene().engine.name}`;
    });
    afterAll(async () => {
      await client.close();
      const relays = await scene().engine.docker("ps", "-aq", "--filter", "label=berth.system=reach");
      if (relays !== "") await scene().engine.docker("rm", "-f", ...relays.split("\n"));
    });

    const ssh = (run: Partial<SshRun> = {}) => client.ssh({ user, port, ...run });
    /** What runs in the container, by its command lines. */
    const processes = async (): Promise<string> =>
      scene().engine.docker("exec", await container.engineName(), "ps", "-o", "args");

    test("runs a command: its outputs apart, its exit code, its input to the end", async () => {
      const { code, stdout, stderr } = await ssh({ args: ["cat; echo err >&2; exit 7"], input: "typed" });
      expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 7, stdout: "typed", stderr: "err\n" });
    });

    test("carries bytes as they are, both ways", async () => {
      const input = randomBytes(5_000_000);
      const { stdout, code } = await ssh({ args: ["cat"], input });
      expect(code).toBe(0);
      expect(sha256(stdout)).toBe(sha256(input));
    });

    test("is a shell where no command is given", async () => {
      const { stdout, code } = await ssh({ options: ["-T"], input: "echo in $PWD as $SHELL; exit 3\n" });
      expect({ code, said: stdout.toString() }).toEqual({
        code: 3,
        said: expect.stringContaining("in /root as /bin/sh"),
      });
    });

    test("gives a terminal its size, its type and the user's language, and tells its exit code", async () => {
      const { stdout, code } = await client.ssh({
        user,
        port,
        options: ["-tt", "-o", "SetEnv LC_ALL=zh_CN.UTF-8 LD_PRELOAD=/evil.so"],
        args: ["tty; echo $TERM $LC_ALL [$LD_PRELOAD]; exit 5"],
      });
      expect(code).toBe(5);
      expect(stdout.toString()).toMatch(/\/dev\/pts\/\d+\r\n\S+ zh_CN.UTF-8 \[\]\r\n/);
    });

    test("hangs a command up when its connection ends, with a terminal and without", async () => {
      for (const options of [["-T"], ["-tt"]]) {
        const mark = `7${Math.trunc(Math.random() * 1e6)}`;
        const child = client.spawn({ user, port, options, args: [`echo up; sleep ${mark}; echo over`] });
        await once(child.stdout!, "data");
        expect(await processes()).toContain(`sleep ${mark}`);
        child.kill("SIGKILL");
        await vi.waitFor(async () => expect(await processes()).not.toContain(`sleep ${mark}`), WAIT);
      }
      const query = "SELECT 1 FROM terminals WHERE container_id = $1";
      await vi.waitFor(async () => {
        expect(await scene().berth.query(query, [container.container_id])).toEqual([]);
      }, WAIT);
    });

    test("lets in by the name of the container alone where the key is one account's", async () => {
      expect((await ssh({ user: container.name, args: ["echo in"] })).stdout.toString()).toBe("in\n");
    });

    test("lets no stranger in, and an admin by a key of their own", async () => {
      const [stranger, admin] = [await SshClient.open(), await SshClient.open("ecdsa")];
      const other = await scene().berth.server.registerUser(`wang-${scene().engine.name}`);
      await other.user.ssh_keys.add.mutate({ public_key: stranger.public_key });
      const refused = await stranger.ssh({ user, port, args: ["true"] });
      expect(refused).toMatchObject({ code: 255, stderr: expect.stringContaining("Permission denied (publickey)") });
      await scene().berth.admin.user.ssh_keys.add.mutate({ public_key: admin.public_key });
      expect((await admin.ssh({ user, port, args: ["echo in"] })).stdout.toString()).toBe("in\n");
      await Promise.all([stranger.close(), admin.close()]);
    });

    test("an open connection ends within seconds when its key is removed, and when its account is disabled", async () => {
      const ended = async (end: (person: BerthClient, keyId: string) => Promise<unknown>): Promise<void> => {
        const account = `w${randomBytes(5).toString("hex")}`;
        const [person, key] = [await scene().berth.server.registerUser(account), await SshClient.open("rsa")];
        const added = await person.user.ssh_keys.add.mutate({ public_key: key.public_key });
        const own = await scene().run({}, person);
        const child = key.spawn({ user: `${own.name}.${account}`, port, args: ["echo up; sleep 1000"] });
        await once(child.stdout!, "data");
        const exit = once(child, "exit");
        const begun = performance.now();
        await end(person, added.key_id);
        await exit;
        expect(performance.now() - begun).toBeLessThan(12_000);
        expect((await key.ssh({ user: `${own.name}.${account}`, port, args: ["true"] })).code).toBe(255);
        await key.close();
      };
      await ended((person, key_id) => person.user.ssh_keys.remove.mutate({ key_id }));
      await ended(async (person) => {
        const { user_id } = await person.user.me.query();
        await scene().berth.admin.user.update.mutate({ user_id, disabled: true });
      });
    });

    test("shows how to get in, and by which key the gateway is known", async () => {
      const { connect } = await owner.container.get.query({ container_id: container.container_id });
      expect(connect.gateway).toBe(`ssh ${user}@127.0.0.1 -p ${port}`);
      await ssh({ args: ["true"] });
      const known = await readFile(join(client.folder, "known_hosts"), "utf8");
      const [, , blob = ""] = known
        .split("\n")
        .find((line) => line.includes("ssh-ed25519"))!
        .split(" ");
      const digest = createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "");
      expect(connect.gateway_fingerprint).toBe(`SHA256:${digest}`);
    });

    test("says why it can't run anything in a container that is stopped", async () => {
      const stopped = await scene().run({}, owner);
      await owner.container.stop.mutate({ container_id: stopped.container_id });
      await stopped.reaches("Stopped");
      const { code, stderr } = await ssh({ user: `${stopped.name}.${OWNER}-${scene().engine.name}`, args: ["true"] });
      expect(code).toBe(255);
      expect(stderr).toContain("does not run: start it first");
    });

    test("refuses what it has not: remote forwarding, agents", async () => {
      const { code, stderr } = await ssh({
        options: ["-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1"],
        args: ["true"],
      });
      expect(code).toBe(255);
      expect(stderr).toContain("remote port forwarding failed");
      expect((await ssh({ options: ["-A", "-X"], args: ["echo ${SSH_AUTH_SOCK:-none}"] })).stdout.toString()).toBe(
        "none\n",
      );
    });

    test("forwards a port of this machine to one of the container itself, and to nothing else", async () => {
      await scene().engine.docker(
        "exec",
        "-d",
        await container.engineName(),
        "httpd",
        "-p",
        "127.0.0.1:8000",
        "-h",
        "/etc",
      );
      const [local, elsewhere] = [await freePort(), await freePort()];
      const child = client.spawn({
        user,
        port,
        options: ["-N", "-L", `${local}:localhost:8000`, "-L", `${elsewhere}:${scene().engine.address}:2376`],
      });
      await vi.waitFor(async () => {
        const answer = await fetch(`http://127.0.0.1:${local}/passwd`);
        expect(await answer.text()).toContain("root:x:0:0");
      }, WAIT);
      await expect(fetch(`http://127.0.0.1:${elsewhere}/`)).rejects.toThrow();
      child.kill();
    });

    test("lets an editor install its server by a shell's input, reach it by dynamic forwarding, and find it again", async () => {
      const install = [
        "echo platform==$(uname -s)==",
        "mkdir -p ~/.editor-server && cd ~/.editor-server",
        "cat > index.html <<'END'",
        "x".repeat(300_000),
        "END",
        "(trap '' HUP; exec httpd -f -p 127.0.0.1:8100 -h . > log 2>&1 < /dev/null) &", // as nohup does
        "echo listeningOn==8100==\n",
      ].join("\n");
      const socks = await freePort();
      const open = () => client.spawn({ user, port, options: ["-T", "-D", `127.0.0.1:${socks}`], args: ["sh"] });
      const first = open();
      first.stdin!.write(install);
      let said = "";
      first.stdout!.on("data", (chunk: Buffer) => (said += chunk.toString()));
      await vi.waitFor(() => expect(said).toMatch(/platform==Linux==[^]*listeningOn==8100==/), WAIT);
      // An editor has several connections to its server at once.
      const pages = () => Promise.all(Array.from({ length: 5 }, () => getBySocks(socks, 8_100)));
      await vi.waitFor(async () => {
        for (const page of await pages()) expect(page.match(/x+\n$/)?.[0]).toHaveLength(300_001);
      }, WAIT);
      first.kill("SIGKILL");
      await once(first, "close");
      const again = open();
      await vi.waitFor(async () => expect(await pages()).toHaveLength(5), WAIT);
      again.kill();
      await container.shell("kill $(pidof httpd)");
    });

    describe("files, in an image that has nothing of ssh", () => {
      const there = (path: string): string => `${user}@127.0.0.1:${path}`;
      const run = async (script: string): Promise<string> => (await ssh({ args: [script] })).stdout.toString();

      test.each([0, 1, 4_096, 4_097, 70_000, 262_144, 262_145, 30_000_000])(
        "a file of %i bytes goes there and comes back whole, with its mode and time",
        async (bytes) => {
          const [here, back] = [join(client.folder, "here"), join(client.folder, "back")];
          await writeFile(here, randomBytes(bytes));
          await chmod(here, 0o750);
          await utimes(here, 1_500_000_000, 1_600_000_000);
          expect(await client.scp(port, "-p", here, there("of size"))).toMatchObject({ code: 0, stderr: "" });
          expect(await run("stat -c '%a %Y %s' '/root/of size'")).toBe(`750 1600000000 ${bytes}\n`);
          expect(await client.scp(port, "-p", there("of size"), back)).toMatchObject({ code: 0, stderr: "" });
          expect(sha256(await readFile(back))).toBe(sha256(await readFile(here)));
          expect((await stat(back)).mtimeMs).toBe(1_600_000_000_000);
        },
      );

      test("a folder goes there and comes back with all that is in it", async () => {
        const tree = join(client.folder, "tree");
        await mkdir(join(tree, "a b", "deep"), { recursive: true });
        for (const name of ["plain", "it's", "a b/-dash", "a b/deep/漢字", "$HOME", "%d"]) {
          await writeFile(join(tree, name), `this is ${name}`);
        }
        expect(await client.scp(port, "-r", tree, there("/tmp/"))).toMatchObject({ code: 0, stderr: "" });
        const back = join(client.folder, "tree-back");
        expect(await client.scp(port, "-r", there("/tmp/tree"), back)).toMatchObject({ code: 0, stderr: "" });
        const listOf = async (folder: string) =>
          (await readdir(folder, { recursive: true, withFileTypes: true })).map(({ name }) => name).toSorted();
        expect(await listOf(back)).toEqual(await listOf(tree));
        expect(await readFile(join(back, "a b/deep/漢字"), "utf8")).toBe("this is a b/deep/漢字");
        expect(await readFile(join(back, "it's"), "utf8")).toBe("this is it's");
      });

      test("does what one types to sftp", async () => {
        const file = join(client.folder, "typed");
        await writeFile(file, "0123456789");
        const batch = [
          "mkdir /tmp/box",
          "cd /tmp/box",
          "pwd",
          `put ${file} one`,
          "chmod 600 one",
          "ln -s one soft",
          "ln one hard",
          "rename one two",
          "ls -l",
          `get two ${file}-back`,
          "rm hard",
          "mkdir empty",
          "rmdir empty",
          "-get nothing",
          "-rmdir /tmp/box",
        ].join("\n");
        const { code, stdout, stderr } = await client.sftp(port, `${user}@127.0.0.1`, batch);
        expect(code).toBe(0);
        expect(stdout.toString()).toContain("Remote working directory: /tmp/box");
        expect(stdout.toString()).toMatch(/-rw------- .* 10 \d{4}-\d\d-\d\d \d\d:\d\d two/);
        expect(stderr).toContain('"/tmp/box/nothing" not found');
        expect(await readFile(`${file}-back`, "utf8")).toBe("0123456789");
        expect(await run("cd /tmp/box; ls; readlink soft; stat -c %a two")).toBe("soft\ntwo\none\n600\n");
      });

      test("goes on with a file where a transfer was cut, there and back", async () => {
        const [file, back] = [join(client.folder, "long"), join(client.folder, "long-back")];
        const bytes = randomBytes(5_000_001);
        await writeFile(file, bytes);
        await ssh({ args: ["cat >/tmp/long"], input: bytes.subarray(0, 1_000_003) });
        await writeFile(back, bytes.subarray(0, 70_001));
        const batch = `reput ${file} /tmp/long\nreget /tmp/long ${back}`;
        expect(await client.sftp(port, `${user}@127.0.0.1`, batch)).toMatchObject({ code: 0 });
        expect(sha256(await readFile(back))).toBe(sha256(bytes));
        expect(await run("sha256sum </tmp/long")).toContain(sha256(bytes));
      });

      test("says what can't be done", async () => {
        const file = join(client.folder, "here");
        await writeFile(file, "x");
        const refused = await client.scp(port, file, there("/no/such/folder/file"));
        expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("No such file") });
        const full = await client.scp(port, await bigFile(client), there("/dev/full"));
        expect(full).toMatchObject({ code: 1, stderr: expect.stringContaining("ailure") });
      });
    });
  },
  { ssh: true },
);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** What answers `GET /` at a port of the far side's own, asked through a SOCKS5 proxy (RFC 1928) of this machine. */
async function getBySocks(proxyPort: number, port: number): Promise<string> {
  const socket = connect(proxyPort, "127.0.0.1");
  const chunks = socket.iterator({ destroyOnReturn: false });
  const answer = async (): Promise<number[]> => {
    const { value, done } = (await chunks.next()) as IteratorResult<Buffer, undefined>;
    if (done) throw new Error(`nothing answers at port ${port}`);
    return [...value.subarray(0, 2)];
  };
  try {
    socket.write(Buffer.from([5, 1, 0]));
    expect(await answer()).toEqual([5, 0]);
    const host = "127.0.0.1";
    socket.write(Buffer.from([5, 1, 0, 3, host.length, ...Buffer.from(host), port >> 8, port & 0xff]));
    expect(await answer()).toEqual([5, 0]);
    socket.write("GET / HTTP/1.0\r\n\r\n");
    let page = "";
    for await (const chunk of chunks) page += String(chunk);
    return page;
  } finally {
    socket.destroy();
  }
}

/** Larger than what is written at once. */
async function bigFile({ folder }: SshClient): Promise<string> {
  await writeFile(join(folder, "big"), Buffer.alloc(1_000_000));
  return join(folder, "big");
}

const WAIT = { timeout: 15_000, interval: 100 };

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
