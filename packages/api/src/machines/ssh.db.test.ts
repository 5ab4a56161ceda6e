import { EngineError } from "@berth/docker/engine.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFakeEngine } from "../testing/fake-engine.ts";
import { type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
beforeAll(async () => {
  api = await openInProcessApi();
});
afterAll(() => api.close());

test("a server that is met over ssh is recorded with the host key that it showed, and is not insecure", async () => {
  api.engines.set("gpu-1", createFakeEngine({ engine_id: "ID-1", name: "gpu-1" }));
  const machine = await api.admin.machine.add({ url: "ssh://root@gpu-1:2222" });
  expect(machine).toMatchObject({ machine_id: "ID-1", ip: "gpu-1", insecure: false });
  const row = await api.db.machines.findUniqueOrThrow({ where: { machine_id: "ID-1" } });
  expect(row).toMatchObject({ ssh_host_key: "SHA256:of gpu-1", tls: null });
});

test("one that does not let Berth in is not added, and the answer tells which key to put there", async () => {
  const engine = createFakeEngine();
  engine.failure = new EngineError("rejected", "The server at gpu-2:22 does not let root in with Berth's key.");
  api.engines.set("gpu-2", engine);
  const { public_key } = await api.admin.machine.ssh_key();
  expect(public_key).toMatch(/^ssh-ed25519 \S+ berth$/);
  const refused = api.admin.machine.add({ url: "ssh://root@gpu-2" });
  await expect(refused).rejects.toThrow(public_key);
  await expect(refused).rejects.toMatchObject({ cause: { code: "UNPROCESSABLE", details: { public_key } } });
  // The same for every machine, and nobody reads the other half of it.
  expect((await api.admin.machine.ssh_key()).public_key).toBe(public_key);
  const settings = JSON.stringify(await api.db.settings.findMany());
  expect(settings).not.toContain("PRIVATE KEY");
});

test("an address that names nobody to sign in as is refused", async () => {
  await expect(api.admin.machine.add({ url: "ssh://gpu-3" })).rejects.toThrow("as whom Berth signs in");
});

test("a machine moves from TCP to ssh and back, as long as the same engine answers", async () => {
  const engine = createFakeEngine({ engine_id: "ID-4", name: "gpu-4" });
  api.engines.set("gpu-4", engine);
  const { machine_id } = await api.admin.machine.add({ url: "tcp://gpu-4:2375", allow_insecure: true });
  const keyOf = async () => (await api.db.machines.findUniqueOrThrow({ where: { machine_id } })).ssh_host_key;
  expect(await keyOf()).toBeNull();
  await api.admin.machine.update({ machine_id, url: "ssh://root@gpu-4" });
  expect(await keyOf()).toBe("SHA256:of gpu-4");
  await api.admin.machine.update({ machine_id, url: "tcp://gpu-4:2375" });
  expect(await keyOf()).toBeNull();
});
