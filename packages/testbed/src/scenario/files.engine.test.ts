import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import type { BerthClient } from "@berth/api/client.ts";
import { MAX_LISTED_FILES } from "@berth/spec/container-file.ts";
import { extract } from "tar-stream";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { residentMiB } from "../fleet/resident-memory.ts";
import { describeOnEngines } from "./on-engines.ts";
import type { WatchedContainer } from "./watched-container.ts";

const MIB = 1024 * 1024;
const WAIT = { timeout: 20_000, interval: 100 };

describeOnEngines(["real"], (scene) => {
  let owner: BerthClient;
  let account: string;
  let token: string;
  let container: WatchedContainer;
  beforeAll(async () => {
    account = `f${randomBytes(5).toString("hex")}`;
    const { server } = scene().berth;
    owner = await server.registerUser(account);
    token = await server.signIn(account);
    container = await scene().run({}, owner);
  });

  const addressOf = (path: string, { container_id } = container.ref): string =>
    `${scene().berth.server.url}/files/containers/${container_id}?path=${encodeURIComponent(path)}`;
  const headers = (as = token) => ({ authorization: `Bearer ${as}` });
  const download = (path: string, as?: string): Promise<Response> => fetch(addressOf(path), { headers: headers(as) });
  const upload = (path: string, body: string | Buffer, query = "", as?: string): Promise<Response> =>
    fetch(addressOf(path) + query, { method: "PUT", headers: headers(as), body: new Uint8Array(Buffer.from(body)) });
  const list = async (path: string) => {
    const listing = await owner.container.list_files.query({ ...container.ref, path });
    return { ...listing, names: listing.items.map(({ name }) => name).toSorted() };
  };
  const run = (script: string): Promise<string> => container.shell(script);
  const told = async (answer: Response): Promise<string> =>
    ((await answer.json()) as { error: { message: string } }).error.message;

  test("lists a folder, whatever its files are called", async () => {
    await run(
      `mkdir -p /odd && cd /odd && touch plain ' blanks ' ./-dash "it's" '$HOME' '"' '\\' 漢字 '.hidden' "$(printf 'a\\nb')" "$(printf '\\377x')" &&
       mkdir folder && ln -s folder to-folder && ln -s plain to-file && ln -s nothing to-nothing && mkfifo pipe &&
       printf 12345 > sized && chown 65534 sized && chmod 4751 sized && touch -d @1500000000 sized && chown 4321 pipe`,
    );
    const { names, items, truncated, real_path, storage } = await list("/odd");
    expect(names).toEqual(
      [
        " blanks ",
        '"',
        "$HOME",
        "-dash",
        ".hidden",
        "\\",
        "a\nb",
        "folder",
        "it's",
        "pipe",
        "plain",
        "sized",
        "to-file",
      ]
        .concat(["to-folder", "to-nothing", "漢字", "\ufffdx"])
        .toSorted(),
    );
    expect({ truncated, real_path, storage }).toEqual({ truncated: false, real_path: "/odd", storage: null });
    const of = (name: string) => items.find((item) => item.name === name);
    expect(of("sized")).toEqual({
      name: "sized",
      kind: "file",
      leads_to: null,
      size: 5,
      modified_at: "2017-07-14T02:40:00.000Z",
      mode: "4751",
      owner: "nobody",
      storage: null,
      reachable: true,
    });
    expect(of("\ufffdx")).toMatchObject({ reachable: false });
    expect(of("to-folder")).toMatchObject({ kind: "link", leads_to: "folder" });
    expect(of("to-file")).toMatchObject({ kind: "link", leads_to: "file" });
    expect(of("to-nothing")).toMatchObject({ kind: "link", leads_to: null });
    expect(of("pipe")).toMatchObject({ kind: "other", owner: "4321" });
    expect(await list("/odd/to-folder")).toMatchObject({ real_path: "/odd/folder", items: [] });
    expect((await list("/")).names).toContain("odd");
  });

  test("of a folder with very many files lists the first, and says so", async () => {
    await run(`mkdir -p /many && cd /many && seq 1 ${MAX_LISTED_FILES + 500} | xargs touch`);
    const { items, truncated } = await list("/many");
    expect({ count: items.length, truncated }).toEqual({ count: MAX_LISTED_FILES, truncated: true });
  });

  test.each(["plain", " blanks ", "-dash", "it's", "$(touch x)", '"', "a\nb", "漢字 🐋", "%41;x", "x".repeat(255)])(
    "a file called %j goes in and comes back as it was",
    async (name) => {
      const bytes = randomBytes(100_000);
      await run("mkdir -p '/up loads'");
      expect((await upload(`/up loads/${name}`, bytes)).status).toBe(201);
      const answer = await download(`/up loads/${name}`);
      expect(answer.headers.get("content-disposition")).toMatch(
        /^attachment; filename="[^"]*"; filename\*=UTF-8''\S+$/,
      );
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(sha256(await answer.arrayBuffer())).toBe(sha256(bytes));
    },
  );

  test("an empty file is one, too", async () => {
    expect((await upload("/tmp/empty", "")).status).toBe(201);
    expect(await run("stat -c '%s %F' /tmp/empty")).toBe("0 regular empty file");
    expect(await (await download("/tmp/empty")).text()).toBe("");
  });

  test("what is new belongs to the folder's owner; what is replaced keeps its owner and mode, and is asked for", async () => {
    await run("mkdir -p /theirs && chown 1234:4321 /theirs");
    expect((await upload("/theirs/job.sh", "first")).status).toBe(201);
    expect(await run("stat -c '%u:%g %a' /theirs/job.sh")).toBe("1234:4321 644");
    await run("chown 65534:65534 /theirs/job.sh && chmod 750 /theirs/job.sh");
    const refused = await upload("/theirs/job.sh", "second");
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ error: { code: "CONFLICT", details: { exists: true } } });
    expect(await run("cat /theirs/job.sh")).toBe("first");
    expect((await upload("/theirs/job.sh", "second", "&overwrite=true")).status).toBe(201);
    expect(await run("stat -c '%u:%g %a' /theirs/job.sh; cat /theirs/job.sh")).toBe("65534:65534 750\nsecond");
  });

  test("a link is replaced, and what it leads to stays", async () => {
    await run("echo precious > /kept && rm -rf /linked && mkdir /linked && ln -s /kept /linked/link");
    expect((await upload("/linked/link", "mine", "&overwrite=true")).status).toBe(201);
    expect(await run("cat /kept; [ -L /linked/link ] || cat /linked/link")).toBe("precious\nmine");
    // One in the way to it is followed, inside the container.
    await run("mkdir -p /real && ln -sfn ../../../../real /linked/way");
    expect((await upload("/linked/way/file", "there")).status).toBe(201);
    expect(await run("cat /real/file")).toBe("there");
    expect(await (await download("/linked/way/file")).text()).toBe("there");
  });

  test("a folder comes as a tar of it", async () => {
    await run(
      "mkdir -p '/tree/a b/deep' && echo 1 > '/tree/a b/one' && echo 2 > '/tree/a b/deep/漢字' && ln -s one '/tree/a b/link'",
    );
    const answer = await download("/tree/a b");
    expect(answer.headers.get("content-type")).toBe("application/x-tar");
    expect(answer.headers.get("content-disposition")).toContain('filename="a b.tar"');
    const found: Record<string, string> = {};
    for await (const entry of Readable.fromWeb(answer.body as never).pipe(extract())) {
      found[entry.header.name] = `${entry.header.type} ${await text(entry)}`;
    }
    expect(found).toEqual({
      "./a b/": "directory ",
      "./a b/one": "file 1\n",
      "./a b/deep/": "directory ",
      "./a b/deep/漢字": "file 2\n",
      "./a b/link": "symlink ",
    });
  });

  test("says what can't be had, and why", async () => {
    await run("mkdir -p /tmp/sub; mkfifo /tmp/fifo 2>/dev/null; ln -sfn / /tmp/root");
    const refusals: [() => Promise<Response>, number, string][] = [
      [() => download("/no/such"), 404, "is not there"],
      [() => download("/"), 422, "choose a folder in it"],
      [() => download("/tmp/root"), 422, "choose a folder in it"],
      [() => download("/proc"), 422, "choose a folder in it"],
      [() => download("/dev/zero"), 422, "neither a file nor a folder"],
      [() => download("/tmp/fifo"), 422, "neither a file nor a folder"],
      [() => download("/etc/../etc/passwd"), 400, ""],
      [() => download("etc/passwd"), 400, ""],
      [() => upload("/no/such/file", "x"), 404, "is not there"],
      [() => upload("/etc/passwd/file", "x"), 422, "no folder"],
      [() => upload("/tmp/sub", "x", "&overwrite=true"), 409, "is a folder"],
      [() => upload("/proc/file", "x"), 403, "read-only"],
      [() => upload("/tmp/..", "x"), 400, ""],
      [() => upload(`/tmp/${"x".repeat(256)}`, "x"), 400, ""],
    ];
    for (const [attempt, status, sentence] of refusals) {
      const answer = await attempt();
      expect(await told(answer)).toContain(sentence);
      expect(answer.status).toBe(status);
    }
    const { container_id } = container.ref;
    await expect(owner.container.list_files.query({ container_id, path: "/etc/passwd" })).rejects.toThrow("no folder");
    await expect(owner.container.list_files.query({ container_id, path: "/none" })).rejects.toThrow("not there");
  });

  test("an upload that does not fit is told, and nothing of it stays", async () => {
    const small = await scene().run({ shm: 64 }, owner);
    const answer = await fetch(addressOf("/dev/shm/too-large", small.ref), {
      method: "PUT",
      headers: headers(),
      body: new Uint8Array(80 * MIB),
    }).catch(() => null); // who is still sending may not read the answer
    if (answer) expect(await told(answer)).toContain("no room");
    await vi.waitFor(async () => expect(await small.shell("ls -A /dev/shm")).toBe(""), WAIT);
    expect(
      (await fetch(addressOf("/dev/shm/fits", small.ref), { method: "PUT", headers: headers(), body: "x" })).status,
    ).toBe(201);
  });

  test("300 MiB go in and come out, and the server's memory stays as it is", async () => {
    /** Resolves with the SHA-256 of what was sent. */
    const sendMany = async (mib: number): Promise<string> => {
      const [sum, chunk] = [createHash("sha256"), randomBytes(MIB)];
      async function* content() {
        for (let count = 0; count < mib; count += 1) {
          chunk.writeUInt32LE(count);
          const part = Buffer.from(chunk);
          sum.update(part);
          yield part;
        }
      }
      const put = request(`${addressOf("/big")}&overwrite=true`, {
        method: "PUT",
        headers: { ...headers(), "content-length": mib * MIB },
      });
      const answered = once(put, "response");
      Readable.from(content()).pipe(put);
      const [answer] = (await answered) as [IncomingMessage];
      answer.resume();
      expect(answer.statusCode).toBe(201);
      return sum.digest("hex");
    };
    const receive = async (): Promise<string> => {
      const sum = createHash("sha256");
      for await (const part of (await download("/big")).body!) sum.update(part);
      return sum.digest("hex");
    };
    expect(await sendMany(60)).toBe(await receive());
    const { pid } = scene().berth.server;
    const before = residentMiB(pid);
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, residentMiB(pid))), 50);
    const begun = performance.now();
    const sent = await sendMany(300);
    const [inMs, inPeak] = [performance.now() - begun, peak];
    expect(await receive()).toBe(sent);
    const outMs = performance.now() - begun - inMs;
    clearInterval(watch);
    console.log(`in ${Math.round(inMs)} ms, out ${Math.round(outMs)} ms; ${before}, ${inPeak}, ${peak} MiB`);
    // V8 collects its garbage late; held, it would be all of it.
    expect(peak - before).toBeLessThan(150);
    await run("rm /big");
  });

  test("a reader that is slow holds the container back, and who goes ends what read there", async () => {
    await run("head -c 200000000 /dev/zero > /slow");
    const [answer] = (await once(request(addressOf("/slow"), { headers: headers() }).end(), "response")) as [
      IncomingMessage,
    ];
    expect(answer.headers["content-length"]).toBe("200000000");
    await once(answer, "readable");
    const readers = (): Promise<string> => run("ps -o args | grep -c '[c]at /slow' || true");
    await vi.waitFor(async () => expect(await readers()).toBe("1"), WAIT);
    let passed = 0;
    await vi.waitFor(async () => {
      const before = passed;
      passed = Number(await run("sed -n 's/^pos:[[:space:]]*//p' /proc/$(pidof cat)/fdinfo/3"));
      expect(passed > 0 && passed === before, "no more goes").toBe(true);
    }, WAIT);
    console.log(`${passed} bytes wait on the way to a reader that does not read`);
    expect(passed).toBeLessThan(50_000_000);
    answer.destroy();
    // Some 0.3 s with nothing else to do; where the engine is left with what nobody reads, fifteen until it is given up.
    await vi.waitFor(async () => expect(await readers()).toBe("0"), { ...WAIT, timeout: 12_000 });
    await run("rm /slow");
  });

  test("an upload that breaks off leaves what was there, and nothing else", async () => {
    await run("rm -rf /cut && mkdir /cut && echo old > /cut/file");
    const put = request(`${addressOf("/cut/file")}&overwrite=true`, {
      method: "PUT",
      headers: { ...headers(), "content-length": 50 * MIB },
    });
    put.on("error", () => undefined);
    put.write(randomBytes(5 * MIB));
    await vi.waitFor(async () => expect(await run("ls -A /cut")).toMatch(/\.berth-upload-/), WAIT);
    expect(await run("cat /cut/file")).toBe("old");
    put.destroy();
    await vi.waitFor(async () => expect(await run("ls -A /cut; cat /cut/file")).toBe("file\nold"), WAIT);
  });

  test("what a storage holds is marked as in no image", async () => {
    const { berth, machine_id } = scene();
    const storage = `home-${randomBytes(3).toString("hex")}`;
    await berth.admin.storage.create.mutate({ name: storage, kind: "home", machine_id });
    const mounted = await scene().run({ mounts: [{ storage, path: "/root" }] }, owner);
    await mounted.shell("echo x > /root/kept");
    const inRoot = await owner.container.list_files.query({ ...mounted.ref, path: "/root" });
    expect(inRoot).toMatchObject({ storage, items: [{ name: "kept", storage }] });
    const above = await owner.container.list_files.query({ ...mounted.ref, path: "/" });
    expect(above.storage).toBeNull();
    expect(above.items.filter((item) => item.storage !== null).map(({ name }) => name)).toEqual(["root"]);
  });

  describe("who may", () => {
    test("a stranger finds no container, a token that only reads may not, and each transfer is in the audit log", async () => {
      const { server, admin } = scene().berth;
      const other = `other-${account}`;
      const stranger = await server.registerUser(other);
      const strangers = await server.signIn(other);
      await expect(stranger.container.list_files.query({ ...container.ref, path: "/" })).rejects.toThrow(
        /no container/,
      );
      await expect(stranger.container.download_file.mutate({ ...container.ref, path: "/etc/passwd" })).rejects.toThrow(
        /no container/,
      );
      expect((await download("/etc/passwd", strangers)).status).toBe(404);
      expect((await upload("/tmp/strange", "x", "", strangers)).status).toBe(404);
      expect((await fetch(addressOf("/etc/passwd"))).status).toBe(401);
      const reader = await owner.user.api_tokens.create.mutate({ name: "reader", scope: "read" });
      expect((await download("/etc/passwd", reader.token)).status).toBe(403);
      expect((await upload("/tmp/strange", "x", "", reader.token)).status).toBe(403);
      expect(await run("ls /tmp/strange 2>/dev/null || echo none")).toBe("none");

      await upload("/tmp/audited", "12345");
      await (await download("/tmp/audited")).text();
      await admin.container.list_files.query({ ...container.ref, path: "/tmp" });
      const rows = await scene().berth.query(
        "SELECT action, details->>'path' AS path FROM audit_log WHERE noun = 'container' AND object_id = $1 ORDER BY audit_id DESC LIMIT 3",
        [String(container.container_id)],
      );
      expect(rows).toEqual([
        { action: "list files", path: "/tmp" },
        { action: "download file", path: "/tmp/audited" },
        { action: "upload file", path: "/tmp/audited" },
      ]);
    });

    test("a browser downloads with a ticket, which ends with the sign-in that it was given for", async () => {
      await upload("/tmp/by-ticket", "ticket", "&overwrite=true");
      const give = () => owner.container.download_file.mutate({ ...container.ref, path: "/tmp/by-ticket" });
      const take = (ticket: string) =>
        fetch(`${scene().berth.server.url}/files/download`, { method: "POST", body: new URLSearchParams({ ticket }) });
      const { ticket } = await give();
      expect(await (await take(ticket)).text()).toBe("ticket");
      expect((await take(`${ticket.slice(0, -4)}AAAA`)).status).toBe(401);
      expect((await take("")).status).toBe(401);
      await expect(owner.container.download_file.mutate({ ...container.ref, path: "/tmp/nothing" })).rejects.toThrow(
        "/tmp/nothing is not there",
      );
      const late = await give();
      await scene().berth.query("UPDATE users SET token_epoch = token_epoch + 1 WHERE account = $1", [account]);
      expect((await take(late.ticket)).status).toBe(401);
      token = await scene().berth.server.signIn(account);
    });

    test("at most six transfers of one account at once", async () => {
      await run("head -c 100000000 /dev/zero > /much");
      const open = async () => {
        const [answer] = (await once(request(addressOf("/much"), { headers: headers() }).end(), "response")) as [
          IncomingMessage,
        ];
        return answer;
      };
      const answers = await Promise.all(Array.from({ length: 6 }, open));
      expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(6).fill(200));
      const seventh = await open();
      expect(seventh.statusCode).toBe(429);
      expect((await buffer(seventh)).toString()).toContain("wait for one to arrive");
      for (const answer of answers) answer.destroy();
      await vi.waitFor(async () => expect((await download("/etc/passwd")).status).toBe(200), WAIT);
    });
  });

  test("says what a container is in that stands still, is stopped or gone", async () => {
    const mine = await scene().run({}, owner);
    const look = () => owner.container.list_files.query({ ...mine.ref, path: "/" });
    // Large enough that its commit, for which it is paused, takes a while.
    await mine.shell("head -c 400000000 /dev/zero > /fill");
    const { id } = await mine.onEngine();
    await owner.container.save.mutate({ ...mine.ref, name: `saved-${randomBytes(3).toString("hex")}:1` });
    // A look that began before the pause would only wait for its end.
    const paused = () => scene().engine.docker("ps", "--quiet", "--filter", `id=${id}`, "--filter", "status=paused");
    await vi.waitUntil(async () => (await paused()) !== "", { timeout: 120_000, interval: 20 });
    await expect(look()).rejects.toThrow("stands still while it is saved: try again");
    await vi.waitFor(async () => expect((await look()).items.length).toBeGreaterThan(3), { ...WAIT, timeout: 60_000 });
    await owner.container.stop.mutate(mine.ref);
    await mine.reaches("Stopped");
    await expect(look()).rejects.toThrow("does not run: start it");
    const answer = await fetch(addressOf("/etc/passwd", mine.ref), { headers: headers() });
    expect(answer.status).toBe(409);
    await owner.container.delete.mutate(mine.ref);
    await mine.isGone();
    await expect(look()).rejects.toThrow(/no container/);
  }, 240_000);
});

const sha256 = (bytes: ArrayBuffer | Buffer): string =>
  createHash("sha256").update(new Uint8Array(bytes)).digest("hex");
