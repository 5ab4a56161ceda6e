import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type KeyAndCertificate, makeAuthority, signServerRequest } from "@berth/docker/certificates/authority.ts";
import { findCommand } from "@berth/testbed/fleet/command-path.ts";
import { runCommand } from "@berth/testbed/fleet/run-command.ts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fingerprintOf } from "./authority.ts";

const SCRIPT = fileURLToPath(new URL("berth-join.sh", import.meta.url));
const TOKEN = "join_of_a_test";

test.skipIf(findCommand("shellcheck") === null)("the script is one that shellcheck has nothing to say of", async () => {
  expect(await runCommand("shellcheck", ["--shell=sh", SCRIPT])).toBe("");
});

/**
 * The script against a folder that stands for the whole server, with a systemd and a Docker that say what they are asked
 * and do nothing: what it writes is looked at, and when it restarts.
 */
describe.skipIf(findCommand("openssl") === null || findCommand("curl") === null)("under systemd", () => {
  let root: string;
  let authority: KeyAndCertificate;
  let berth: Server;
  let url: string;
  /** Bodies that Berth was sent, by path: the newest. */
  const sent = new Map<string, string>();
  /** What it answers who tells it of checks. */
  let onChecks: () => Promise<number>;
  /** Why it signs nothing; null where it does. */
  let refusal: string | null;

  beforeAll(async () => {
    authority = await makeAuthority("Berth");
    berth = createServer((request, response) => {
      const path = request.url ?? "";
      let body = "";
      request.on("data", (chunk) => (body += String(chunk)));
      request.on("end", () => {
        sent.set(path, body);
        if (refusal !== null && path.includes("/sign?")) return void response.writeHead(409).end(`${refusal}\n`);
        if (path.endsWith("/checks")) return void onChecks().then((status) => response.writeHead(status).end());
        void answer(path, body).then((text) => response.end(text));
      });
    });
    await new Promise<void>((resolve) => berth.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(berth.address() as AddressInfo).port}`;
  });
  afterAll(() => berth.close());

  async function answer(path: string, body: string): Promise<string> {
    if (path.includes("/report")) return "machine_id THE-ID\nname gpu-1\n";
    if (!path.includes("/sign")) return "";
    const certificate = await signServerRequest(authority, body, { hosts: ["10.0.0.5"], days: 400 });
    const lines = (name: string, pem: string) =>
      pem
        .trim()
        .split("\n")
        .map((line) => `${name} ${line}\n`)
        .join("");
    return lines("certificate", certificate) + lines("ca", authority.certificate);
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "berth-join-"));
    sent.clear();
    onChecks = () => Promise.resolve(204);
    refusal = null;
    write("bin/id", "#!/bin/sh\necho 0\n");
    write("bin/docker", DOCKER);
    write("bin/systemctl", SYSTEMCTL);
    // Serves the certificate that was put in place, as a restarted Docker would.
    write("bin/openssl", OPENSSL.replace("REAL", findCommand("openssl") ?? ""));
    const script = readFileSync(SCRIPT, "utf8")
      .replace("@BERTH_URL@", url)
      .replace("@BERTH_TOKEN@", TOKEN)
      .replace("@BERTH_CA_SHA256@", fingerprintOf(authority.certificate));
    write("berth-join.sh", script);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(name: string, text: string): void {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
    chmodSync(join(root, name), 0o755);
  }
  const read = (name: string): string => readFileSync(join(root, name), "utf8");
  const DROP_IN = "etc/systemd/system/docker.service.d/berth.conf";
  const files = (): string =>
    execFileSync("find", ["etc", "-printf", "%y %m %s %p\n"], { cwd: root, encoding: "utf8" })
      .split("\n")
      .toSorted()
      .join("\n");

  async function run(...args: string[]): Promise<{ exitCode: number; said: string }> {
    const env = { PATH: [join(root, "bin"), process.env["PATH"]].join(delimiter), BERTH_ROOT: root, FAKE: root };
    const command = ["-c", 'sh "$@" 2>&1; echo "exit $?"', "sh", join(root, "berth-join.sh"), "--address", "10.0.0.5"];
    const printed = await runCommand("sh", [...command, ...args], { env });
    const [, said = "", exitCode] = /^([^]*)exit (\d+)\n$/.exec(printed) ?? [];
    return { exitCode: Number(exitCode), said };
  }

  const UNITS = {
    "Debian's docker.io": {
      unit: "[Unit]\nDescription=Docker\n[Service]\nType=notify\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\nExecReload=/bin/kill -s HUP $MAINPID\n",
      command: "/usr/sbin/dockerd -H fd:// $DOCKER_OPTS",
    },
    "Docker's docker-ce": {
      unit: "[Service]\nType=notify\nExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock\n[Install]\nWantedBy=multi-user.target\n",
      command: "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock",
    },
    "Rocky's moby-engine, with lines that go on": {
      unit: "[Service]\nExecStart=/usr/bin/dockerd \\\n          --host=fd:// \\\n          $OPTIONS\n",
      command: "/usr/bin/dockerd --host=fd:// $OPTIONS",
    },
    "a command without a host": {
      unit: "[Service]\nExecStart=/usr/bin/dockerd\n",
      command: "/usr/bin/dockerd -H unix:///var/run/docker.sock",
    },
    "an admin's own drop-in": {
      unit: "[Service]\nExecStart=/usr/bin/dockerd -H fd://\n\n# /etc/systemd/system/docker.service.d/own.conf\n[Service]\nExecStart=\nExecStart=/opt/dockerd -H fd:// --debug\n",
      command: "/opt/dockerd -H fd:// --debug",
    },
  };
  const TLS =
    "-H tcp://10.0.0.5:2376 --tlsverify --tlscacert=/etc/docker/berth/ca.pem --tlscert=/etc/docker/berth/server.pem --tlskey=/etc/docker/berth/server-key.pem";

  test.each(Object.entries(UNITS))(
    "the drop-in keeps the command of %s and adds the listener",
    async (_, { unit, command }) => {
      write("unit", unit);
      const joined = await run("--yes");
      expect(joined.said).toContain("This server is machine gpu-1 of Berth, with the id THE-ID.");
      expect(read(DROP_IN).replace(/ +/g, " ")).toBe(
        `# Written by Berth's join script; berth-join.sh --uninstall takes it away.\n[Service]\nExecStart=\nExecStart=${command} ${TLS}\n`,
      );
      expect(JSON.parse(read("etc/docker/daemon.json"))).toEqual({ "live-restore": true });
      expect(read("asked")).toBe("daemon-reload\nrestart docker.service\n");
      expect(sent.get(`/join/${TOKEN}/report`)).toMatch(
        /^engine_id=THE-ID\naddress=10.0.0.5\nport=2376\ndisk=\d+ \d+\nmemory=\d+ \d+\ncpu=/,
      );
    },
  );

  test("what was in daemon.json stays, and comes back to the byte with --uninstall", async () => {
    write("unit", UNITS["Docker's docker-ce"].unit);
    write(
      "etc/docker/daemon.json",
      `{\n\t"log-opts": {"max-size": "10m", "tag": "a,b:{\\"c\\"}"},\n  "live-restore":false , "dns": ["10.0.0.1" ] }`,
    );
    const before = [files(), read("etc/docker/daemon.json")];
    expect((await run("--yes")).exitCode).toBe(0);
    expect(JSON.parse(read("etc/docker/daemon.json"))).toEqual({
      "log-opts": { "max-size": "10m", tag: 'a,b:{"c"}' },
      "live-restore": true,
      dns: ["10.0.0.1"],
    });
    expect(read("etc/docker/daemon.json.before-berth")).toBe(before[1]);
    const again = await run("--yes");
    expect(again.said).toContain("Nothing is to be changed on this server.");
    const gone = await run("--uninstall", "--yes");
    expect(gone.said).toContain("Everything is as it was before.");
    expect([files(), read("etc/docker/daemon.json")]).toEqual(before);
    expect(read("asked")).toBe("daemon-reload\nrestart docker.service\n".repeat(2));
  });

  test("what was edited meanwhile is kept when all is put back", async () => {
    write("unit", UNITS["Docker's docker-ce"].unit);
    write("etc/docker/daemon.json", "{}\n");
    await run("--yes");
    write("etc/docker/daemon.json", `{"live-restore":true,"debug":true}\n`);
    expect((await run("--uninstall", "--yes")).said).toContain("daemon.json was edited after this server joined");
    expect(read("etc/docker/daemon.json")).toBe("{}\n");
    expect(read("etc/docker/daemon.json.edited")).toBe(`{"live-restore":true,"debug":true}\n`);
  });

  test("hosts that stand in daemon.json already get one more there, and no drop-in", async () => {
    write("unit", UNITS["a command without a host"].unit);
    write("etc/docker/daemon.json", `{"hosts": ["unix:///var/run/docker.sock"]}`);
    expect((await run("--yes")).exitCode).toBe(0);
    expect(JSON.parse(read("etc/docker/daemon.json"))).toMatchObject({
      hosts: ["unix:///var/run/docker.sock", "tcp://10.0.0.5:2376"],
      tlsverify: true,
      tlscacert: "/etc/docker/berth/ca.pem",
    });
    expect(existsSync(join(root, DROP_IN))).toBe(false);
  });

  test.each([
    ["settings that are no JSON", "{", "etc/docker/daemon.json is not a JSON object"],
    ["a list of settings", "[]", "is not a JSON object"],
    ["a listener on TCP", `{"hosts": ["tcp://0.0.0.0:2375"]}`, "Docker listens on TCP already"],
    ["TLS of its own", `{"tlsverify": true}`, "Docker listens on TCP already"],
  ])("%s are told before anything is changed", async (_, settings, told) => {
    write("unit", UNITS["Docker's docker-ce"].unit);
    write("etc/docker/daemon.json", settings);
    const before = files();
    const refused = await run("--yes");
    expect(refused.exitCode).toBe(1);
    expect(refused.said).toContain(told);
    expect(refused.said).toContain("fix: ");
    expect(files()).toBe(before);
    expect(sent.has(`/join/${TOKEN}/report`)).toBe(false);
  });

  const checksOf = (): string[][] =>
    (sent.get(`/join/${TOKEN}/checks`) ?? "")
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));

  test("what each check has found is told to Berth, with what mends it", async () => {
    write("unit", UNITS["Docker's docker-ce"].unit);
    write("etc/docker/daemon.json", "{");
    write("bin/ufw", "#!/bin/sh\necho Status: active\n");
    await run("--check");
    expect(checksOf()).toEqual([
      ["root", "ok", "This is root.", ""],
      ["berth", "ok", expect.stringMatching(/^Berth answers/), ""],
      ["docker", "ok", "Docker 28.5.2 answers.", ""],
      ["docker", "failed", "/etc/docker/daemon.json is not a JSON object.", expect.stringMatching(/^mend it/)],
      ["gpus", "warning", expect.stringContaining("no nvidia-smi"), expect.any(String)],
      ["disk", expect.any(String), expect.stringMatching(/^Docker's disk has/), expect.any(String)],
      ["address", "ok", "Berth is to reach this server at 10.0.0.5:2376.", ""],
      ["address", "warning", "ufw is active.", expect.stringContaining("port 2376")],
    ]);
    write("etc/docker/daemon.json", "{}");
    write("fails", "the first restart");
    await run("--yes");
    expect(checksOf().at(-1)).toEqual(["join", "failed", expect.stringMatching(/^Docker did not/), expect.any(String)]);
  });

  test.each([
    ["refuses what is told of checks", () => Promise.resolve(400)],
    ["breaks over it", () => Promise.resolve(500)],
    ["never answers it", () => new Promise<number>(() => undefined)],
  ])("a Berth that %s is joined all the same", async (_, answerChecks) => {
    write("unit", UNITS["Docker's docker-ce"].unit);
    onChecks = answerChecks;
    const began = performance.now();
    expect((await run("--yes")).said).toContain("This server is machine gpu-1 of Berth, with the id THE-ID.");
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(sent.has(`/join/${TOKEN}/checks`)).toBe(true);
  });

  test("a restart that fails is taken back at once", async () => {
    write("unit", UNITS["Docker's docker-ce"].unit);
    write("etc/docker/daemon.json", `{"debug":false}`);
    const before = [files(), read("etc/docker/daemon.json")];
    write("fails", "the first restart");
    const broken = await run("--yes");
    expect(broken.said).toContain("Putting everything back as it was.");
    expect(broken.exitCode).toBe(1);
    expect([files(), read("etc/docker/daemon.json")]).toEqual(before);
    expect(sent.has(`/join/${TOKEN}/report`)).toBe(false);
  });

  test("a server that Berth would not take learns why, before anything of it is changed", async () => {
    write("unit", UNITS["Docker's docker-ce"].unit);
    refusal = "Another machine could not reach the registry at 127.0.0.1:5000: set BERTH_REGISTRY_PUBLIC.";
    const refused = await run("--yes");
    expect(refused.exitCode).toBe(1);
    expect(refused.said).toContain(`berth: Berth signs no certificate: ${refusal}`);
    expect(checksOf().at(-1)).toEqual([
      "join",
      "failed",
      `Berth signs no certificate: ${refusal}`,
      expect.stringContaining("mend it"),
    ]);
    expect([...sent.keys()]).toContain(`/join/${TOKEN}/sign?address=10.0.0.5&engine_id=THE-ID`);
    expect(sent.has(`/join/${TOKEN}/report`)).toBe(false);
    expect(existsSync(join(root, "asked"))).toBe(false);
    expect(existsSync(join(root, "etc"))).toBe(false);
  });

  test("an authority that is not the one of the script is not let in", async () => {
    write("unit", UNITS["Docker's docker-ce"].unit);
    const other = await makeAuthority("Somebody between");
    write(
      "berth-join.sh",
      read("berth-join.sh").replace(fingerprintOf(authority.certificate), fingerprintOf(other.certificate)),
    );
    const refused = await run("--yes");
    expect(refused.said).toContain("somebody may be between here and Berth");
    expect(existsSync(join(root, "etc"))).toBe(false);
  });

  test("without a terminal and without --yes nothing is restarted", async () => {
    write("unit", UNITS["Docker's docker-ce"].unit);
    const command = [join(root, "berth-join.sh"), "--address", "10.0.0.5"];
    const env = { PATH: [join(root, "bin"), process.env["PATH"]].join(delimiter), BERTH_ROOT: root, FAKE: root };
    await expect(runCommand("setsid", ["--wait", "sh", ...command], { env })).rejects.toThrow(
      "run it again with --yes",
    );
    expect(existsSync(join(root, "asked"))).toBe(false);
    expect(existsSync(join(root, "etc"))).toBe(false);
  });
});

const DOCKER = `#!/bin/sh
case "$*" in
  *'version --format'*) echo 28.5.2 ;;
  *LiveRestoreEnabled*) grep -q '"live-restore": true' "$FAKE/etc/docker/daemon.json" 2> /dev/null && echo true || echo false ;;
  *DefaultRuntime*) echo runc ;;
  *'{{.ID}}'*) echo THE-ID ;;
  *DockerRootDir*) echo / ;;
esac
`;

const SYSTEMCTL = `#!/bin/sh
case $1 in
  cat)
    echo "# /usr/lib/systemd/system/docker.service"
    cat "$FAKE/unit"
    drop=/etc/systemd/system/docker.service.d/berth.conf
    if [ -e "$FAKE$drop" ]; then echo; echo "# $drop"; cat "$FAKE$drop"; fi ;;
  show) echo 0 ;;
  *)
    echo "$*" >> "$FAKE/asked"
    if [ "$1" = restart ] && [ -e "$FAKE/fails" ]; then rm "$FAKE/fails"; exit 1; fi ;;
esac
`;

const OPENSSL = `#!/bin/sh
case $1 in
  s_client) cat "$FAKE/etc/docker/berth/server.pem" ;;
  *) exec REAL "$@" ;;
esac
`;
