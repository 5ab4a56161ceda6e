import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { dirname, join, normalize } from "node:path";
import { issueServerCertificate } from "../fleet/certificates.ts";
import type { FleetDirectory } from "../fleet/fleet-directory.ts";
import { gatewayAddress } from "../fleet/network.ts";
import { runCommand } from "../fleet/run-command.ts";

/** Git repositories as a lab's own server has them: over HTTPS, for whoever trusts the fleet's authority. */
export interface GitServer {
  /** Records `files`, by path, as the only commit of a new branch. Returns the repository's address. */
  publish(repository: string, branch: string, files: Record<string, string>): Promise<string>;
  close(): Promise<void>;
}

/** Starts it where every engine of the fleet reaches it. `name` is unique in the fleet. */
export async function startGitServer(fleet: FleetDirectory, name: string): Promise<GitServer> {
  const folder = join(fleet.path, name);
  const bare = join(folder, "repositories");
  await mkdir(bare, { recursive: true });
  const host = gatewayAddress(fleet.number);
  const { cert, key } = await issueServerCertificate(join(fleet.path, "tls"), folder, name, host);
  const server = createServer({ cert: await readFile(cert), key: await readFile(key) }, (request, response) => {
    // Git's protocol for servers that only hand out files.
    const file = createReadStream(join(bare, normalize(new URL(request.url ?? "/", "https://git").pathname)));
    file.on("error", () => response.writeHead(404).end()).pipe(response);
  }).listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    async publish(repository, branch, files) {
      const work = join(folder, "work", repository, branch);
      const target = join(bare, `${repository}.git`);
      const git = (...args: string[]): Promise<string> => runCommand("git", ["-C", work, ...args]);
      await mkdir(work, { recursive: true });
      await git("init", "--quiet", `--initial-branch=${branch}`);
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), content);
      }
      await git("add", "--all");
      await git(
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@lab.example",
        "commit",
        "--quiet",
        "--message=all of it",
      );
      await git("init", "--quiet", "--bare", "--initial-branch=main", target);
      await git("push", "--quiet", target, branch);
      await runCommand("git", ["-C", target, "update-server-info"]);
      return `https://${host}:${port}/${repository}.git`;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
