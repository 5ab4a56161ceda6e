import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BerthClient } from "@berth/api/client.ts";
import { LABEL, storageVolumeOf } from "@berth/spec/engine-names.ts";
import type { CreateStorageInput, Storage } from "@berth/spec/storage.ts";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { describeOnEngines } from "./on-engines.ts";
import { recordRegistry } from "./record-registry.ts";
import type { Scene, Wish } from "./scene.ts";
import type { WatchedContainer } from "./watched-container.ts";
import { WatchedImage } from "./watched-image.ts";

const unique = (): string => `s-${randomBytes(4).toString("hex")}`;

describeOnEngines(["real"], (scene, scenes) => {
  let li: BerthClient;
  let liAccount: string;
  let wang: BerthClient;
  let wangAccount: string;
  beforeAll(async () => {
    const { berth, engine } = scene();
    [liAccount, wangAccount] = [`li-${unique()}`, `wang-${unique()}`];
    [li, wang] = [await berth.server.registerUser(liAccount), await berth.server.registerUser(wangAccount)];
    await recordRegistry(berth, { address: engine.registry });
  });

  /** A directory of this engine's machine, under the same path here. */
  const newDirectory = (where: Scene = scene()): string => {
    const path = join(dirname(where.engine.socket_path), unique());
    mkdirSync(path);
    return path;
  };

  const offer = (wish: Omit<CreateStorageInput, "name">): Promise<Storage> =>
    scene().berth.admin.storage.create.mutate({ name: unique(), machine_id: scene().machine_id, ...wish });

  const run = (owner: BerthClient, mounts: Wish["mounts"], wish: Wish = {}): Promise<WatchedContainer> =>
    scene().run({ mounts, ...wish }, owner);

  async function remove(container: WatchedContainer): Promise<void> {
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
  }

  const modeOf = (path: string): { mode: string; uid: number; gid: number } => {
    const { mode, uid, gid } = statSync(path);
    return { mode: (mode & 0o7777).toString(8), uid, gid };
  };

  test("a home is there in each of its user's containers, over a recreate and a removal, and in nobody else's", async () => {
    const path = newDirectory();
    const { name: storage } = await offer({ kind: "home", path });
    const first = await run(li, [{ storage, path: "/root" }]);
    expect(await first.see()).toMatchObject({
      mounts: [{ storage, path: "/root", kind: "home", read_only: false, saved: false }],
    });
    expect(modeOf(join(path, liAccount))).toEqual({ mode: "700", uid: 0, gid: 0 });
    await first.shell("echo precious > /root/kept; echo gone > /elsewhere");

    const { id } = await first.onEngine();
    await li.container.recreate.mutate({ ...first.ref, recreate: "discard" });
    await first.until("another engine container", ({ held }) => held.length === 1);
    await first.reaches("Running");
    expect((await first.onEngine()).id).not.toBe(id);
    expect(await first.shell("cat /root/kept; cat /elsewhere 2>/dev/null || true")).toBe("precious");

    const second = await run(li, [{ storage, path: "/home/me" }]);
    expect(await second.shell("cat /home/me/kept; echo more >> /home/me/kept")).toBe("precious");
    expect(await first.shell("cat /root/kept")).toBe("precious\nmore");
    const others = await run(wang, [{ storage, path: "/root" }]);
    expect(await others.shell("ls -A /root /root/..")).not.toContain("kept");
    expect(await others.shell(`find / -xdev -name '${liAccount}' -o -xdev -name kept 2>/dev/null`)).toBe("");
    expect(await others.shell(`ls /root/../${liAccount} 2>&1 || true`)).toContain("No such file");

    for (const container of [first, second, others]) await remove(container);
    expect(readFileSync(join(path, liAccount, "kept"), "utf8")).toBe("precious\nmore\n");
    expect(existsSync(join(path, wangAccount))).toBe(true);
    const again = await run(li, [{ storage, path: "/root" }]);
    expect(await again.shell("cat /root/kept")).toBe("precious\nmore");
  });

  test("what an admin has given a home is not changed, and nothing of the making stays on the machine", async () => {
    const path = newDirectory();
    const { name: storage } = await offer({ kind: "home", path });
    mkdirSync(join(path, liAccount), { mode: 0o750 });
    await remove(await run(li, [{ storage, path: "/root" }]));
    expect(modeOf(join(path, liAccount))).toMatchObject({ mode: "750" });

    const { engine, berth } = scene();
    const volumes = () => engine.docker("volume", "ls", "--quiet");
    const before = await volumes();
    const withVolume = await commitVolumeImage(scene());
    const container = await run(wang, [{ storage, path: "/root" }], { image_id: withVolume });
    expect(modeOf(join(path, wangAccount))).toMatchObject({ mode: "700" });
    const label = `label=${LABEL.installation}=${await berth.readInstallation()}`;
    const ours = await engine.docker("ps", "--all", "--filter", label, "--format", "{{.Names}}");
    expect(ours.split("\n")).not.toContainEqual(expect.stringContaining("directory"));
    // Of the container itself; what was there to make the directory took its own along.
    expect((await volumes()).split("\n").filter((name) => !before.includes(name))).toHaveLength(1);
    await remove(container);
  });

  test("a leftover of a making that was cut off is no obstacle", async () => {
    const path = newDirectory();
    const { name: storage } = await offer({ kind: "home", path });
    const { engine, berth } = scene();
    const container = await scene().create({ mounts: [{ storage, path: "/root" }], desired: "stopped" }, li);
    const labels = [`${LABEL.installation}=${await berth.readInstallation()}`, `${LABEL.system}=directory`];
    const name = `berth-system-directory-${container.uid.slice(0, 8)}`;
    const options = labels.flatMap((label) => ["--label", label]);
    await engine.docker("create", "--name", name, ...options, TEST_IMAGE, "true");
    await li.container.start.mutate(container.ref);
    await container.reaches("Running");
    expect(modeOf(join(path, liAccount))).toMatchObject({ mode: "700" });
    expect(await engine.docker("ps", "--all", "--filter", `name=${name}`, "--format", "{{.Names}}")).toBe("");
  });

  test("a leftover of a process that was killed is cleared away by the next one", async () => {
    const { engine, berth } = scene();
    const installation = await berth.readInstallation();
    const label = (system: string): string[] =>
      [`${LABEL.installation}=${installation}`, `${LABEL.system}=${system}`].flatMap((one) => ["--label", one]);
    const [leftover, other] = [`berth-system-directory-${unique()}`, unique()];
    await engine.docker("create", "--name", leftover, ...label("directory"), TEST_IMAGE, "true");
    await engine.docker("create", "--name", other, ...label("other"), TEST_IMAGE, "true");
    onTestFinished(async () => void (await engine.docker("rm", other)));
    await berth.restartReconciler();
    const names = async () => (await engine.docker("ps", "--all", "--format", "{{.Names}}")).split("\n");
    await expect.poll(names).not.toContain(leftover);
    expect(await names()).toContain(other);
  });

  test("a dataset is read-only, whatever its user says, also where another disk is mounted in it", async () => {
    const path = newDirectory();
    writeFileSync(join(path, "samples"), "1 2 3\n");
    mkdirSync(join(path, "disk"));
    const { engine } = scene();
    const onMachine = (...command: string[]): Promise<string> => {
      const capabilities = ["SYS_ADMIN", "SYS_PTRACE"].flatMap((one) => ["--cap-add", one]);
      const unconfined = ["apparmor", "seccomp"].flatMap((one) => ["--security-opt", `${one}=unconfined`]);
      const options = ["--rm", "--pid=host", "--network=none", ...capabilities, ...unconfined];
      return engine.docker("run", ...options, TEST_IMAGE, "nsenter", "-t", "1", "-m", ...command);
    };
    await onMachine("mount", "-t", "tmpfs", "tmpfs", join(path, "disk"));
    onTestFinished(async () => void (await onMachine("umount", "-l", join(path, "disk"))));
    const { name: storage } = await offer({ kind: "dataset", path });
    const container = await run(li, [{ storage, path: "/data", read_only: false }]);
    expect((await container.see()).mounts).toMatchObject([{ kind: "dataset", read_only: true }]);
    expect(await container.shell("cat /data/samples")).toBe("1 2 3");
    for (const command of [
      "touch /data/new",
      "rm /data/samples",
      "touch /data/disk/new",
      "mount -o remount,rw /data",
    ]) {
      expect(await container.shell(`${command} 2>/dev/null && echo done || echo refused`)).toBe("refused");
    }
    expect(readFileSync(join(path, "samples"), "utf8")).toBe("1 2 3\n");
    await remove(container);
  });

  test("a shared scratch is one for all, and one a user is each user's own", async () => {
    const [shared, own] = [
      await offer({ kind: "scratch", path: newDirectory() }),
      await offer({ kind: "scratch", per_user: true }),
    ];
    const mounts = [
      { storage: shared.name, path: "/shared" },
      { storage: own.name, path: "/own" },
    ];
    const [mine, theirs] = [await run(li, mounts), await run(wang, mounts)];
    await mine.shell("echo li > /shared/from-li; echo li > /own/from-li");
    expect(await theirs.shell("cat /shared/from-li; ls /own")).toBe("li");
    const readOnly = await run(
      li,
      mounts.map((mount) => ({ ...mount, read_only: true })),
    );
    expect(await readOnly.shell("cat /own/from-li; touch /own/x /shared/x 2>&1 || true")).toContain("Read-only");
    for (const container of [mine, theirs, readOnly]) await remove(container);
  });

  test("a volume of Berth's is labelled, keeps its data, and is nobody else's by its name", async () => {
    const { engine, berth } = scene();
    const { name: storage } = await offer({ kind: "home" });
    const first = await run(li, [{ storage, path: "/bin/../root".replace("/bin/..", "") }]);
    await first.shell("echo precious > /root/kept");
    await remove(first);
    const volume = storageVolumeOf(storage, liAccount);
    const format = `{{index .Labels "${LABEL.installation}"}} {{.Driver}}`;
    expect(await engine.docker("volume", "inspect", "--format", format, volume)).toBe(
      `${await berth.readInstallation()} local`,
    );
    const second = await run(li, [{ storage, path: "/etc" }]);
    // It does not take over what the image has there.
    expect(await second.shell("ls -A /etc | grep -v -e hosts -e hostname -e resolv.conf -e mtab")).toBe("kept");
    await remove(second);
    await engine.docker("volume", "rm", volume);

    await engine.docker("volume", "create", storageVolumeOf(storage, wangAccount));
    const refused = await scene().create({ mounts: [{ storage, path: "/root" }] }, wang);
    const { message } = await refused.reaches("Failed");
    expect(message).toContain("is there and not Berth's");
    await remove(refused);
    await engine.docker("volume", "rm", storageVolumeOf(storage, wangAccount));
  });

  test("a directory that an admin promised and that is not there is told, never made", async () => {
    const path = join(newDirectory(), "not-mounted");
    const [data, homes] = [
      await offer({ kind: "dataset", path }),
      await offer({ kind: "home", path: `${path}-homes` }),
    ];
    for (const { name: storage } of [data, homes]) {
      const container = await scene().create({ mounts: [{ storage, path: "/data" }] }, li);
      const { message } = await container.reaches("Failed");
      expect(message).toBe(`The directory of the storage ${storage} is not on this machine: an admin makes it.`);
      await remove(container);
    }
    expect(existsSync(path) || existsSync(`${path}-homes`)).toBe(false);
  });

  test("a recreate that asks for what is not there puts the old container back", async () => {
    const { name: storage } = await offer({ kind: "dataset", path: join(newDirectory(), "not-mounted") });
    const container = await run(li, []);
    const { id } = await container.onEngine();
    await container.shell("echo precious > /kept");
    const mounts = [{ storage, path: "/data" }];
    await expect(li.container.update.mutate({ ...container.ref, mounts })).rejects.toMatchObject({
      code: "CONFLICT",
      details: { fields: ["mounts"] },
    });
    await li.container.update.mutate({ ...container.ref, mounts, recreate: "discard" });
    await container.until(
      "the old one to be put back",
      ({ phase, conditions }) => phase === "Running" && conditions.some(({ type }) => type === "RecreateFailed"),
    );
    expect(await container.told()).toContainEqual(
      expect.stringContaining(`The directory of the storage ${storage} is not`),
    );
    expect((await container.onEngine()).id).toBe(id);
    expect(await container.shell("cat /kept")).toBe("precious");
    await remove(container);
  });

  test("a restored container has what it had mounted", async () => {
    const { name: storage } = await offer({ kind: "scratch", path: newDirectory() });
    const container = await run(li, [{ storage, path: "/work" }]);
    await container.shell("echo precious > /work/kept");
    await li.container.update.mutate({ ...container.ref, mounts: [], recreate: "discard" });
    await container.until("it to be set aside", ({ held }) => held.length === 1);
    await container.reaches("Running");
    expect(await container.shell("cat /work/kept 2>/dev/null || true")).toBe("");
    // What is set aside still needs it.
    const [{ storage_id }] = (await scene().berth.admin.storage.list.query({ limit: 500 })).items.filter(
      ({ name }) => name === storage,
    ) as [Storage];
    await expect(scene().berth.admin.storage.remove.mutate({ storage_id })).rejects.toMatchObject({ code: "CONFLICT" });
    await li.container.restore.mutate(container.ref);
    await container.until("what it had", ({ mounts, phase }) => mounts.length === 1 && phase === "Running");
    expect(await container.shell("cat /work/kept")).toBe("precious");
    await remove(container);
  });

  test("a container goes to the machine that has its storage", async () => {
    const { berth, machine_id } = scene();
    const { name: storage } = await offer({ kind: "dataset", path: newDirectory() });
    for (let count = 0; count < scenes().length; count += 1) {
      const created = await li.container.create.mutate({
        name: unique(),
        image: "public/busybox:latest",
        desired: "stopped",
        mounts: [{ storage, path: "/data" }],
      });
      expect(created.machine_id).toBe(machine_id);
      await li.container.delete.mutate(created);
    }
    const other = scenes().find((one) => one.machine_id !== machine_id)!;
    await expect(other.create({ mounts: [{ storage, path: "/data" }] }, li)).rejects.toMatchObject({
      code: "UNPROCESSABLE_CONTENT",
      message: `The storage ${storage} is not on ${other.machine_id}, but on ${machine_id}.`,
    });
    expect(
      (await berth.admin.storage.list.query({ limit: 500, machine_id: other.machine_id })).items,
    ).not.toContainEqual(expect.objectContaining({ name: storage }));
  });

  test("what is mounted is in no image, and a save and a recreate that preserves say so", async () => {
    const { name: storage } = await offer({ kind: "home", path: newDirectory() });
    const image_id = await commitVolumeImage(scene());
    const container = await run(li, [{ storage, path: "/root" }], { image_id });
    await container.shell("echo mine > /root/in-home; echo vol > /volume/in-volume; echo inside > /inside");
    const saved = new WatchedImage(li, await li.container.save.mutate({ ...container.ref, name: `${unique()}:1` }));
    const ready = await saved.reaches("Ready");
    expect(ready.not_saved).toEqual(["/root", "/volume"]);
    const copy = await run(wang, [], { image_id: await shareWith(li, saved, wangAccount), mounts: [] });
    expect(await copy.shell("cat /inside; ls /root /volume")).not.toMatch(/in-home|in-volume/);
    expect(await copy.shell("cat /inside")).toBe("inside");
    await remove(copy);

    await li.container.recreate.mutate({ ...container.ref, recreate: "preserve" });
    const { image_id: kept } = await container.see();
    expect((await li.image.get.query({ image_id: kept })).not_saved).toEqual(["/root", "/volume"]);
    await container.reaches("Running");
    expect(await container.shell("cat /inside /root/in-home; ls /volume")).toBe("inside\nmine");
    await remove(container);
  });

  /** An image with a VOLUME, on this engine only. Its id at Berth. */
  async function commitVolumeImage({ engine, addImage }: Scene): Promise<number> {
    const [holder, reference] = [unique(), `berth-test/${unique()}:1`];
    await engine.docker("create", "--name", holder, TEST_IMAGE, "true");
    await engine.docker("commit", "--change", "VOLUME /volume", holder, reference);
    await engine.docker("rm", holder);
    return addImage.call(scene(), reference);
  }

  async function shareWith(owner: BerthClient, image: WatchedImage, account: string): Promise<number> {
    await owner.image.share.mutate({ ...image.ref, accounts: [account] });
    return image.image_id;
  }
});

describeOnEngines(["simulated"], (scene) => {
  test("a directory and a volume are kept on a simulated machine, too", async () => {
    const { berth, machine_id } = scene();
    const offers = [{ name: unique(), path: "/srv/homes" }, { name: unique() }];
    for (const offer of offers) await berth.admin.storage.create.mutate({ kind: "home", machine_id, ...offer });
    const mounts = offers.map(({ name: storage }) => ({ storage, path: `/${storage}` }));
    const first = await scene().run({ mounts });
    for (const { path } of mounts) await first.shell(`echo precious > ${path}/kept`);
    await first.owner.container.delete.mutate(first.ref);
    await first.isGone();
    const second = await scene().run({ mounts });
    for (const { path } of mounts) expect(await second.shell(`cat ${path}/kept`)).toBe("precious");
  });
});
