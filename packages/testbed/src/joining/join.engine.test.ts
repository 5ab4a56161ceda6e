import { X509Certificate } from "node:crypto";
import { LABEL } from "@berth/spec/engine-names.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayAddress } from "../fleet/network.ts";
import { findCapabilities } from "../fleet/requirements.ts";
import { type Fleet, startFleet } from "../fleet/start-fleet.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { type Berth, startBerth } from "../scenario/berth.ts";
import { FreshServer } from "./fresh-server.ts";

const { generations } = await findCapabilities();
const REGISTRY_CA = "-----BEGIN CERTIFICATE-----\nof a registry that nobody asks here\n-----END CERTIFICATE-----\n";

describe.skipIf(generations.length === 0)("joining", () => {
  let fleet: Fleet;
  let berth: Berth;
  /** Nothing answers there, and at once. */
  let registry: string;
  beforeAll(async () => {
    const engines = generations.map((generation) => ({
      name: `join-${generation.replace(".", "-")}`,
      generation,
      on_socket_only: true,
    }));
    fleet = await startFleet({ engines });
    berth = await startBerth(undefined, { host: gatewayAddress(fleet.directory.number) });
    await berth.admin.image.add.mutate({ name: "public/busybox:latest", reference: TEST_IMAGE });
    registry = `${gatewayAddress(fleet.directory.number)}:5999`;
    const record = { kind: "external", state: "running", address: registry, url: `https://${registry}`, message: "" };
    await berth.query("INSERT INTO settings (key, value) VALUES ('registry', $1::jsonb)", [
      JSON.stringify({ ...record, ca: REGISTRY_CA }),
    ]);
  });
  afterAll(async () => {
    await berth?.close();
    await fleet?.close();
  });

  const makeToken = () => berth.admin.machine.join_tokens.create.mutate({});
  const infoOf = async (address: string) =>
    (await berth.admin.machine.info.query()).find(({ ip }) => ip === address) ?? null;

  describe.each(generations.map((generation, index) => ({ generation, index })))("Docker $generation", ({ index }) => {
    let server: FreshServer;
    let before: string;
    beforeAll(async () => {
      const engine = fleet.engines[index];
      if (!engine) throw new Error("the fleet has no such engine");
      server = new FreshServer(engine);
      before = await server.readSettings();
    });

    test("what would stop it is found before anything is changed", async () => {
      const { command, join_token_id } = await makeToken();
      server.install("nvidia-smi", "#!/bin/sh\n");
      const checked = await server.paste(command, { more: "--check" });
      server.install("nvidia-smi", FAKE_NVIDIA_SMI);
      expect(checked.said).toContain("FAIL  Docker can't use the GPUs.");
      expect(checked.said).toContain("nvidia-ctk runtime configure --runtime=docker");
      expect(checked.exitCode).toBe(1);
      expect(await server.readSettings()).toBe(before);
      // Whoever made the line sees it, too.
      const { items } = await berth.admin.machine.join_tokens.list.query({});
      expect(items.find((token) => token.join_token_id === join_token_id)?.checks).toContainEqual({
        check: "gpus",
        status: "failed",
        text: "Docker can't use the GPUs.",
        fix: expect.stringContaining("nvidia-ctk runtime configure --runtime=docker"),
      });
    });

    test("a restart that breaks Docker is taken back, and Docker answers as before", { timeout: 120_000 }, async () => {
      const { command, join_token_id } = await makeToken();
      const began = performance.now();
      const broken = await server.paste(command, { restart: "breaking", more: "--skip-gpu-check" });
      expect(broken.said).toContain("Putting everything back as it was.");
      expect(broken.said).toContain("Docker answers as before.");
      expect(broken.exitCode).toBe(1);
      expect(performance.now() - began).toBeLessThan(70_000);
      expect(await server.readSettings()).toBe(before);
      expect(await server.engine.docker("info", "--format", "{{.LiveRestoreEnabled}}")).toBe("false\n");
      expect(await infoOf(server.engine.address)).toBeNull();
      // It joined nothing, so it is as good as before.
      const { items } = await berth.admin.machine.join_tokens.list.query({});
      expect(items.find((token) => token.join_token_id === join_token_id)?.state).toBe("open");
    });

    test("one pasted line makes it a machine, and containers that run go on", { timeout: 120_000 }, async () => {
      const { engine } = server;
      const foreign = (await engine.docker("run", "-d", TEST_IMAGE, "sleep", "100000")).trim();
      const pidOf = () => engine.docker("inspect", "--format", "{{.State.Pid}} {{.State.StartedAt}}", foreign);
      const [pid, engineId] = [await pidOf(), (await engine.docker("info", "--format", "{{.ID}}")).trim()];
      const { command, token, script_sha256 } = await makeToken();
      const joined = await server.paste(command, { more: "--skip-gpu-check" });
      expect(joined.said).toContain(`This server is machine ${engine.name} of Berth, with the id ${engineId}.`);
      expect(joined.exitCode).toBe(0);
      expect(await pidOf()).toBe(pid);
      await engine.docker("rm", "--force", foreign);

      expect(await infoOf(engine.address)).toMatchObject({
        machine_id: engineId,
        ip: engine.address,
        gpu: { 0: { type: "RTX 4090", memory: 24_564 }, 1: { type: "A100-SXM4-80GB", memory: 81_920 } },
        cpu: { 0: { type: expect.any(String), cores: expect.any(Number) } },
        disk: { total: expect.any(Number), free: expect.any(Number) },
        memory: { total: expect.any(Number) },
        online: true,
      });
      expect(await engine.run(`cat /etc/docker/certs.d/${registry}/ca.crt`)).toBe(REGISTRY_CA);
      // The key never left the server, and nobody but root reads it there.
      expect(await engine.run("stat -c %a /etc/docker/berth/server-key.pem")).toBe("600\n");
      expect(await engine.run("cat /etc/docker/berth/berth-join.sh | sha256sum")).toContain(script_sha256);
      expect(berth.server.log.join("\n")).not.toContain(token);
      const certificate = new X509Certificate(await engine.run("cat /etc/docker/berth/server.pem"));
      expect(certificate.subjectAltName).toBe(`IP Address:${engine.address}`);

      const { container_id } = await berth.admin.container.create.mutate({
        name: "first",
        image: "public/busybox:latest",
        machine_id: engineId,
        command: ["sleep", "1000"],
      });
      const phase = async () => (await berth.admin.container.get.query({ container_id })).phase;
      await expect.poll(phase, { timeout: 30_000 }).toBe("Running");
      expect(await engine.docker("ps", "--filter", `label=${LABEL.uid}`, "--format", "{{.Status}}")).toContain("Up");
      await berth.deleteContainers();
    });

    test("nobody without Berth's own certificate is let in", async () => {
      const { address } = server.engine;
      await expect(fetch(`http://${address}:2376/_ping`).then(({ status }) => status)).resolves.toBe(400);
      const anonymous = await server.type(`curl -sS --insecure https://${address}:2376/_ping`);
      expect(anonymous.exitCode).not.toBe(0);
      // Its own certificate is a server's: with it, it can't call other engines.
      const kept = "/etc/docker/berth";
      const asServer = await server.type(
        `curl -sS --cacert ${kept}/ca.pem --cert ${kept}/server.pem --key ${kept}/server-key.pem https://${address}:2376/_ping`,
      );
      expect(asServer.exitCode).not.toBe(0);
    });

    test("run again it changes nothing, with the same token and with another one", { timeout: 60_000 }, async () => {
      const [joined, since] = [await server.readSettings(), await server.engine.run("cat /proc/$(pidof dockerd)/stat")];
      const again = await server.paste("sudo sh berth-join.sh", { more: "--skip-gpu-check" });
      expect(again.said).toContain("Nothing is to be changed on this server.");
      expect(again.said).toContain(`This server is machine ${server.engine.name} of Berth`);
      expect(again.exitCode).toBe(0);
      const anew = await server.paste((await makeToken()).command, { more: "--skip-gpu-check" });
      expect(anew.said).toContain("Nothing is to be changed on this server.");
      expect(anew.exitCode).toBe(0);
      expect(withoutScript(await server.readSettings())).toEqual(withoutScript(joined));
      expect((await server.engine.run("cat /proc/$(pidof dockerd)/stat")).split(" ")[21]).toBe(since.split(" ")[21]);
      expect(
        (await berth.admin.machine.list.query({})).items.filter(({ ip }) => ip === server.engine.address),
      ).toHaveLength(1);
    });

    test("a token that was used, has ended or was revoked lets nothing join", async () => {
      const used = await makeToken();
      await server.paste(used.command, { more: "--skip-gpu-check" });
      const old = await makeToken();
      await berth.query("UPDATE join_tokens SET expires_at = now() WHERE join_token_id = $1", [old.join_token_id]);
      const revoked = await makeToken();
      await berth.admin.machine.join_tokens.revoke.mutate({ join_token_id: revoked.join_token_id });
      for (const { token, command, script_url } of [used, old, revoked]) {
        expect((await server.paste(command)).said).toContain("error: 410");
        expect(await (await fetch(script_url, { headers: { accept: "text/plain" } })).text()).toMatch(
          /^(This|The time of this) join token .* Make another one/,
        );
        const signed = await fetch(`${berth.server.url}/join/${token}/sign?address=10.0.0.1`, {
          method: "POST",
          body: "a request",
        });
        expect(signed.status).toBe(410);
      }
    });

    test("uninstalling puts every file back as it was, byte for byte", { timeout: 60_000 }, async () => {
      const gone = await server.paste("sh /etc/docker/berth/berth-join.sh --uninstall");
      expect(gone.said).toContain("Everything is as it was before.");
      expect(gone.exitCode).toBe(0);
      expect(await server.readSettings()).toBe(before);
      expect(await server.engine.docker("info", "--format", "{{.LiveRestoreEnabled}}")).toBe("false\n");
      await expect(fetch(`http://${server.engine.address}:2376/`)).rejects.toThrow("fetch failed");
      const again = await server.paste("sh berth-join.sh --uninstall");
      expect(again.said).toBe("Nothing of Berth is on this server.\n");
    });
  });
});

/** Each token has a script of its own. */
const withoutScript = (settings: string): string[] =>
  settings.split("\n").filter((line) => !line.includes("berth-join.sh"));

const FAKE_NVIDIA_SMI = `#!/bin/sh
case $* in
  *--query-gpu=index,uuid,memory.total,name*)
    echo "0, GPU-11111111-2222-3333-4444-555555555555, 24564, NVIDIA GeForce RTX 4090"
    echo "1, GPU-66666666-7777-8888-9999-000000000000, 81920, NVIDIA A100-SXM4-80GB" ;;
esac
`;
