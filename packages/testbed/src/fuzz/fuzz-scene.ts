import { createHash } from "node:crypto";
import { issueToken } from "@berth/api/auth/access-token.ts";
import { hashApiToken, newApiToken } from "@berth/api/auth/api-token.ts";
import { hashPassword } from "@berth/api/auth/password.ts";
import { loadInstallation } from "@berth/db/installation.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Chance } from "./chance.ts";
import type { Known } from "./make-value.ts";
import { insertContainer, insertImage, insertMachine, insertUser } from "../rows/insert-rows.ts";

const USERS = 12;
const ADMINS = 8;
const PASSWORD = "a hash of a password";
const SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIICBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6f somebody";
const SSH_KEY_ID = createHash("sha256")
  .update(Buffer.from(SSH_KEY.split(" ")[1] ?? "", "base64"))
  .digest("hex");

const newName = (chance: Chance): string => `new-${chance.below(1_000_000)}`;

export interface FuzzScene {
  known: Record<string, Known>;
  /** Of users, admins and programs that may only read; good until the next call. */
  tokens(): Promise<string[]>;
}

/** People, machines, images and containers to make requests about. No address in it leads out of this machine. */
export async function setFuzzScene(sql: Sql, secretKey: string): Promise<FuzzScene> {
  const keys = { box: createSecretBox(secretKey), installation: await loadInstallation(sql) };
  const people = [];
  for (let index = 0; index < USERS + ADMINS; index += 1) people.push(await insertUser(sql));
  const ids = people.map((person) => person.user_id);
  const hashed = await hashPassword(PASSWORD);
  const admins = ids.slice(0, ADMINS);

  const machines = ["fuzz-1", "fuzz-2", "fuzz-3"];
  for (const [index, machine] of machines.entries()) {
    await insertMachine(sql, machine);
    await sql("UPDATE machines SET url = $2, allow_insecure = true WHERE machine_id = $1", [
      machine,
      `tcp://127.0.0.1:${index + 1}`,
    ]);
  }
  await sql("UPDATE machines SET is_builder = true");
  const waiting = [];
  const failed = [];
  for (let index = 0; index < ADMINS; index += 1) {
    waiting.push(await insertImage(sql, { source: "mirror", phase: "Waiting" }));
    failed.push(await insertImage(sql, { source: "mirror", phase: "Failed" }));
  }
  const images = [await insertImage(sql, { name: "public/base:1" })];
  const containers = [];
  for (const { user_id, account } of people) {
    const image_id = await insertImage(sql, { name: `${account}/work:1`, user_id });
    const { container_id } = await insertContainer(sql, { user_id, image_id });
    await sql("INSERT INTO placements (container_id, machine_id) VALUES ($1, $2)", [container_id, machines[0]]);
    images.push(image_id, await insertImage(sql, { name: `${account}/spare:1`, user_id }));
    containers.push(container_id);
  }
  const readTokens = people.slice(ADMINS, ADMINS + 3).map(({ user_id }) => ({ user_id, token: newApiToken() }));

  return {
    known: {
      account: people.map(({ account }) => account),
      user_id: ids,
      container_id: containers,
      image_id: images,
      machine_id: machines,
      // Nothing answers there: a machine is added by asking its engine, and no other host may be asked.
      url: ["tcp://127.0.0.1:1", "tcp://127.0.0.1:9", "unix:///nonexistent/docker.sock", "ssh://127.0.0.1", "no url"],
      password: [PASSWORD, PASSWORD, "a hash of another"],
      new_password: [PASSWORD],
      photo: ["anchor", "abc.png"],
      public_key: [SSH_KEY],
      key_id: [SSH_KEY_ID],
      token_id: (chance) => chance.below(200) + 1,
      join_token_id: (chance) => chance.below(100) + 1,
      invitation_id: (chance) => chance.below(100) + 1,
      accounts: [[], [people[0]?.account]],
      "auth.register.account": newName,
      "user.create.account": newName,
      "user.delete.user_id": (chance) => chance.below(300) + ids.length,
      "image.add.name": (chance) => `public/${newName(chance)}:1`,
      "image.build.name": (chance) => `public/${newName(chance)}:1`,
      "image.build.machine_id": machines,
      dockerfile: ["FROM busybox:1", "FROM public/base:1\nRUN true", "FROM a\nRUN <<E\nE", "docker/Dockerfile"],
      git: ["https://git.lab.example/a.git#main", "https://a:b@git.lab.example/a.git"],
      "image.cancel.image_id": waiting,
      "image.retry.image_id": failed,
      "image.add.reference": ["registry.lab:5000/base:1"],
      "container.create.name": newName,
      "container.update.name": newName,
      "machine.update.name": newName,
      email: ["li@lab.example", ""],
      phone: ["+86 10 6275 1234", ""],
      cursor: ["50", "gpu-1", "99999999999"],
      image: ["public/base:1"],
      working_dir: ["/work"],
      gpu_count: [0],
      gpu_type: [null],
      gpu_uuids: [null],
      memory: [512, null],
      shm: [64, null],
      ports: [[], [{ name: "ssh", kind: "ssh", container_port: 22 }]],
    },
    async tokens() {
      // Requests disable, demote and delete these very people: they come back.
      await sql(
        `UPDATE users SET disabled_at = NULL, deleted_at = NULL,
                role = CASE WHEN user_id = ANY ($2::int[]) THEN 'admin' ELSE 'user' END, password = $3, quota = '{}'
         WHERE user_id = ANY ($1::int[])`,
        [ids, admins, hashed],
      );
      const rows = await sql<{ user_id: number; account: string; token_epoch: number }>(
        "SELECT user_id, account, token_epoch FROM users WHERE user_id = ANY ($1::int[])",
        [ids],
      );
      for (const { user_id, token } of readTokens) {
        await sql(
          `INSERT INTO api_tokens (user_id, name, scope, token_hash, token_epoch, expires_at)
           SELECT user_id, 'fuzz', 'read', $2, token_epoch, now() + interval '1 day' FROM users WHERE user_id = $1
           ON CONFLICT (token_hash) DO UPDATE SET token_epoch = EXCLUDED.token_epoch`,
          [user_id, hashApiToken(token)],
        );
      }
      const issued = await Promise.all(rows.map((row) => issueToken(keys, row)));
      return [...issued, ...readTokens.map(({ token }) => token)];
    },
  };
}
