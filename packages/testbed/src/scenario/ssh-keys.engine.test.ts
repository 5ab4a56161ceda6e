import type { BerthClient } from "@berth/api/client.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { makeSshdArchive, SSHD_COMMAND, SSHD_IMAGE } from "../fleet/sshd-image.ts";
import { describeOnEngines } from "./on-engines.ts";
import { SshClient, type SshOutcome } from "./ssh-client.ts";
import type { WatchedContainer } from "./watched-container.ts";

const FILE = "/root/.ssh/authorized_keys";
const WAIT = { timeout: 20_000, interval: 100 };
const PORTS = [{ name: "ssh", kind: "ssh" as const, container_port: 22 }];

describeOnEngines(["real"], (scene) => {
  let owner: BerthClient;
  let [first, second]: SshClient[] = [];
  let container: WatchedContainer;
  let image_id: number;
  beforeAll(async () => {
    const { berth, engine } = scene();
    await engine.docker("import", await makeSshdArchive(), SSHD_IMAGE);
    image_id = await scene().addImage(SSHD_IMAGE);
    owner = await berth.server.registerUser(`sun-${engine.name}`);
    [first, second] = [await SshClient.open(), await SshClient.open()];
    await owner.user.ssh_keys.add.mutate({ public_key: first.public_key });
    container = await scene().run({ image_id, command: SSHD_COMMAND, ports: PORTS }, owner);
  }, 240_000);
  afterAll(async () => {
    await Promise.all([first!.close(), second!.close()]);
  });

  /** To the container's own sshd, by the port that it has on its machine. */
  const enter = async (client: SshClient, script: string): Promise<SshOutcome> => {
    const [port] = (await container.see()).ports;
    return client.ssh({ user: "root", host: scene().engine.address!, port: port!.host_port, args: [script] });
  };
  const letsIn = (client: SshClient): Promise<void> =>
    vi.waitFor(async () => expect((await enter(client, "echo in")).stdout.toString()).toBe("in\n"), WAIT);
  const keysIn = (): Promise<string> => container.shell(`cat ${FILE}`);

  test("lets in by the key of the profile, which is root's own file", async () => {
    await letsIn(first!);
    expect(await container.shell(`stat -c '%a %u:%g' /root/.ssh ${FILE}`)).toBe("700 0:0\n600 0:0");
    const stranger = await SshClient.open();
    expect(await enter(stranger, "true")).toMatchObject({ code: 255 });
    await stranger.close();
  });

  test("a new key lets in and an old one does not, at once and without a restart; own lines stay", async () => {
    const startedAt = await container.inspect("{{.State.StartedAt}}");
    const own = "# mine, not to be touched";
    await container.shell(`echo '${own}' >>${FILE}`);
    const { items } = await owner.user.ssh_keys.list.query();
    await owner.user.ssh_keys.add.mutate({ public_key: second!.public_key });
    await owner.user.ssh_keys.remove.mutate({ key_id: items[0]!.key_id });
    const begun = performance.now();
    await vi.waitFor(async () => expect(await keysIn()).not.toContain(first!.public_key), WAIT);
    expect(performance.now() - begun).toBeLessThan(12_000);
    await letsIn(second!);
    expect(await enter(first!, "true")).toMatchObject({ code: 255 });
    expect(await keysIn()).toContain(own);
    expect(await container.inspect("{{.State.StartedAt}}")).toBe(startedAt);
  });

  test("a restart puts back what was taken away inside, and a recreate puts them into the new one", async () => {
    await container.shell(`rm -r /root/.ssh`);
    await owner.container.restart.mutate(container.ref);
    await letsIn(second!);
    await owner.container.recreate.mutate({ ...container.ref, recreate: "discard" });
    await letsIn(second!);
  });

  test("a container that is stopped meanwhile has the new keys when it is started", async () => {
    await owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    await owner.user.ssh_keys.add.mutate({ public_key: first!.public_key });
    await owner.container.start.mutate(container.ref);
    await letsIn(first!);
  });

  test("what stands in the way is a condition, and the container runs on; then it is mended", async () => {
    await container.shell(`mv ${FILE} /root/real && ln -s /root/real ${FILE}`);
    const { items } = await owner.user.ssh_keys.list.query();
    await owner.user.ssh_keys.remove.mutate({ key_id: items[0]!.key_id });
    const seen = await container.until("the condition", ({ conditions }) =>
      conditions.some(({ type }) => type === "SshKeys"),
    );
    expect(seen).toMatchObject({ phase: "Running", status: true });
    expect(seen.conditions).toContainEqual(
      expect.objectContaining({ status: "false", message: expect.stringContaining(`${FILE} is no file`) }),
    );
    await container.shell(`rm ${FILE}`);
    await container.until("it to be mended", ({ conditions }) => conditions.length === 0);
    expect((await keysIn()).match(/^ssh-/gm)).toHaveLength(1);
  });

  test("a disabled account's keys let nobody in, and one that is enabled again does", async () => {
    const { user_id } = await owner.user.me.query();
    const { id } = await container.onEngine(); // who is disabled can't ask for it
    const keysThere = (): Promise<string> => scene().engine.docker("exec", id, "cat", FILE);
    await scene().berth.admin.user.update.mutate({ user_id, disabled: true });
    await vi.waitFor(async () => expect(await keysThere()).not.toContain("ssh-"), WAIT);
    await scene().berth.admin.user.update.mutate({ user_id, disabled: false });
    await vi.waitFor(async () => expect(await keysThere()).toContain("ssh-"), WAIT);
  });
});
