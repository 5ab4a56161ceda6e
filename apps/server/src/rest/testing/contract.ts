import type { Route } from "@berth/api/route.ts";
import type { RestProcedure } from "../procedures.ts";

/** Where each endpoint is played: all of it is there, and made for this one play. */
export interface Scene {
  /** Different in each. */
  number: number;
  /** Of the owner of what follows. */
  account: string;
  user_id: number;
  container_id: number;
  image_id: number;
  /** Images of theirs that are made: one that has not begun, and one that failed. */
  waiting_image_id: number;
  failed_image_id: number;
  /** Is on the registry. */
  ready_image_id: number;
  /** Of a machine that runs containers, and of one that nothing is on. */
  machine_id: string;
  spare_machine_id: string;
  /** Somebody else, who owns nothing. */
  other: { account: string; user_id: number };
  key_id: string;
  token_id: number;
  invitation_id: number;
  storage_id: number;
  join_token_id: number;
  /** Headers of a browser that signed in as the owner. */
  browser: Record<string, string>;
  password: string;
}

/** What is sent: fields of the path, the rest of the path after `?`, a JSON body or a form. */
export interface Play {
  path?: Record<string, string | number>;
  query?: string;
  body?: object;
  form?: FormData;
  headers?: Record<string, string>;
}

export interface ContractRow {
  endpoint: `${Route["method"]} /api/${string}`;
  who: RestProcedure["access"];
  status: number;
  /** Exactly these fields, of the answer itself, of each item of a list, or of each item of a page. */
  fields: string;
  of: "answer" | "list" | "page";
  play(scene: Scene): Play;
}

const USER = "user_id account nickname email phone photo";
const ME = `${USER} role quota used`;
const MANAGED_USER = `${ME} disabled created_at`;
const SSH_KEY = "key_id type comment fingerprint public_key";
const API_TOKEN = "token_id name scope expires_at last_used_at created_at";
const INVITATION = "invitation_id note uses_left expires_at created_at";
const JOIN_TOKEN = "join_token_id account state machine_id expires_at created_at checks checked_at";
const MACHINE =
  "machine_id name ip url state simulated insecure is_builder runs_containers port_range online engine_version gpus cpus " +
  "cores memory disk gpus_taken gpus_held gpus_foreign shared_gpus waiting telemetry containers conditions last_list_at created_at";
const IMAGE =
  "image_id name reference display_name description create_params parent_image_id user_id public shared_with source desired phase " +
  "message progress total digest size not_saved baked_env next_retry_at conditions created_at";
const CONTAINER =
  "container_id uid name display_name machine_id simulated image_id image user_id account status desired on_loss phase " +
  "message generation observed_generation spec conditions ports gpus waiting moving on_drain mounts restarts exit_code next_retry_at held connect created_at";

const SETTINGS = "registration user_push setup_dismissed";
const GPU_HOURS = "by time_zone buckets users users_left_out";
const STORAGE = "storage_id name display_name description kind per_user machine_id source path created_at";
const REGISTRY = "kind state address ca message collected";

const container = ({ container_id }: Scene): Play => ({ path: { container_id } });
const image = ({ image_id }: Scene): Play => ({ path: { image_id } });

/** What the documentation promises, an endpoint a line. */
export const CONTRACT: ContractRow[] = [
  // Signing in.
  row("POST /api/auth/login", "anyone", "access_token", ({ account, password }) => ({ body: { account, password } })),
  row("POST /api/auth/register", "anyone", "user_id account", ({ number, password }) => ({
    body: { account: `new-${number}`, password },
  })),
  row("POST /api/auth/refresh", "anyone", "access_token", ({ browser }) => ({ headers: browser })),
  row("POST /api/auth/logout", "anyone", "", ({ browser }) => ({ headers: browser })),
  row("POST /api/auth/logout_everywhere", "signed in", "", () => ({})),

  // Oneself, and other users.
  row("GET /api/user/me", "user", ME, () => ({})),
  row("GET /api/user/get_user/{account}", "user", USER, ({ account }) => ({ path: { account } })),
  row("POST /api/user/set_profile", "user", "", () => ({ body: { field: "nickname", value: "李" } })),
  row("POST /api/user/set_password", "signed in", "access_token", ({ user_id }) => ({
    body: { user_id, new_password: "another hash" },
  })),
  row("POST /api/user/set_photo/custom", "user", "photo", () => ({ form: photoForm() })),
  row("POST /api/user/set_photo/default", "user", "", ({ user_id }) => ({ body: { user_id, photo: "anchor" } })),
  row("GET /api/user/default_photos", "user", { page: "name photo" }, () => ({})),
  row("GET /api/user/ssh_keys", "user", { page: SSH_KEY }, () => ({})),
  row("POST /api/user/ssh_keys", "user", SSH_KEY, () => ({ body: { public_key: sshKey(2) } }), 201),
  row("DELETE /api/user/ssh_keys/{key_id}", "user", "", ({ key_id }) => ({ path: { key_id } })),
  row("GET /api/user/api_tokens", "user", { page: API_TOKEN }, () => ({})),
  row("POST /api/user/api_tokens", "signed in", `${API_TOKEN} token`, () => ({ body: { name: "ci" } }), 201),
  row("DELETE /api/user/api_tokens/{token_id}", "signed in", "", ({ token_id }) => ({ path: { token_id } })),
  row("GET /api/users", "admin", { page: MANAGED_USER }, () => ({ query: "limit=2" })),
  row(
    "POST /api/users",
    "admin",
    MANAGED_USER,
    ({ number, password }) => ({ body: { account: `made-${number}`, password } }),
    201,
  ),
  row("GET /api/users/{user_id}", "admin", MANAGED_USER, ({ user_id }) => ({ path: { user_id } })),
  row("PATCH /api/users/{user_id}", "admin", MANAGED_USER, ({ user_id }) => ({
    path: { user_id },
    body: { quota: { gpus: 2 } },
  })),
  row("DELETE /api/users/{user_id}", "admin", "", ({ other: { user_id } }) => ({ path: { user_id } })),

  // Machines.
  row("GET /api/machine/info", "user", { list: "machine_id ip gpu cpu disk memory online" }, () => ({})),
  row("GET /api/machines", "user", { page: MACHINE }, () => ({ query: "limit=3" })),
  row("GET /api/machines/{machine_id}", "user", MACHINE, ({ machine_id }) => ({ path: { machine_id } })),
  row("GET /api/machines/{machine_id}/telemetry", "user", "machine_id range seconds points", ({ machine_id }) => ({
    path: { machine_id },
    query: "range=day",
  })),
  row(
    "GET /api/machines/{machine_id}/images",
    "admin",
    { list: "engine_image_id tags digests size created_at image_id name foreign" },
    ({ machine_id }) => ({ path: { machine_id } }),
  ),
  row("GET /api/machines/{machine_id}/foreign_containers", "admin", "containers left_out", ({ machine_id }) => ({
    path: { machine_id },
  })),
  row(
    "POST /api/machines",
    "admin",
    MACHINE,
    ({ number }) => ({ body: { url: `tcp://new-${number}:2375`, allow_insecure: true } }),
    201,
  ),
  row("GET /api/machines/ssh_key", "admin", "public_key", () => ({})),
  row("GET /api/machines/join_tokens", "admin", { page: JOIN_TOKEN }, () => ({})),
  row(
    "POST /api/machines/join_tokens",
    "admin",
    `${JOIN_TOKEN} token command script_url script_sha256 warning`,
    () => ({ body: { ttl_minutes: 5 } }),
    201,
  ),
  row("DELETE /api/machines/join_tokens/{join_token_id}", "admin", "", ({ join_token_id }) => ({
    path: { join_token_id },
  })),
  row("PATCH /api/machines/{machine_id}", "admin", MACHINE, ({ machine_id }) => ({
    path: { machine_id },
    body: { is_builder: true },
  })),
  row("POST /api/machines/{machine_id}/drain", "admin", "stopping moving left", ({ spare_machine_id }) => ({
    path: { machine_id: spare_machine_id },
  })),
  row("POST /api/machines/{machine_id}/adopt", "admin", MACHINE, ({ spare_machine_id }) => ({
    path: { machine_id: spare_machine_id },
  })),
  row("DELETE /api/machines/{machine_id}", "admin", "", ({ spare_machine_id }) => ({
    path: { machine_id: spare_machine_id },
  })),

  // Storages.
  row("GET /api/storages", "user", { page: STORAGE }, ({ machine_id }) => ({ query: `machine_id=${machine_id}` })),
  row(
    "POST /api/storages",
    "admin",
    STORAGE,
    ({ number, machine_id }) => ({
      body: { name: `new-${number}`, kind: "dataset", path: `/srv/new-${number}`, machine_id },
    }),
    201,
  ),
  row("PATCH /api/storages/{storage_id}", "admin", STORAGE, ({ storage_id }) => ({
    path: { storage_id },
    body: { description: "Not backed up.", kind: "scratch" },
  })),
  row("DELETE /api/storages/{storage_id}", "admin", "", ({ storage_id }) => ({ path: { storage_id } })),

  // Images.
  row("GET /api/images", "user", { page: IMAGE }, () => ({ query: "scope=mine" })),
  row(
    "POST /api/images",
    "admin",
    IMAGE,
    ({ number }) => ({ body: { name: `public/new:${number}`, reference: "registry.lab:5000/new:1" } }),
    201,
  ),
  row("GET /api/images/{image_id}", "user", `${IMAGE} account lineage recipe layers machines needed_by`, image),
  row("PATCH /api/images/{image_id}", "user", IMAGE, (at) => ({ ...image(at), body: { description: "For papers." } })),
  row("DELETE /api/images/{image_id}", "user", IMAGE, image),
  row("POST /api/images/{image_id}/share", "user", IMAGE, (at) => ({
    ...image(at),
    body: { accounts: [at.other.account] },
  })),
  row(
    "POST /api/images/build",
    "admin",
    IMAGE,
    ({ number }) => ({ form: formOf({ name: `public/built:${number}`, dockerfile: "FROM debian:12" }) }),
    201,
  ),
  row(
    "POST /api/images/mirror",
    "admin",
    IMAGE,
    ({ number }) => ({ body: { name: `public/mirrored:${number}`, from: "debian:12" } }),
    201,
  ),
  row(
    "POST /api/images/{image_id}/publish",
    "admin",
    IMAGE,
    ({ ready_image_id, number }) => ({
      path: { image_id: ready_image_id },
      body: { name: `public/published:${number}` },
    }),
    201,
  ),
  row("POST /api/images/{image_id}/prewarm", "admin", IMAGE, ({ ready_image_id, machine_id }) => ({
    path: { image_id: ready_image_id },
    body: { machine_ids: [machine_id] },
  })),
  row("GET /api/images/{image_id}/log", "user", "text next_seq ended", image),
  row("POST /api/images/{image_id}/cancel", "user", IMAGE, ({ waiting_image_id }) => ({
    path: { image_id: waiting_image_id },
  })),
  row("POST /api/images/{image_id}/retry", "user", IMAGE, ({ failed_image_id }) => ({
    path: { image_id: failed_image_id },
  })),

  // Containers.
  row("GET /api/containers", "user", { page: CONTAINER }, ({ machine_id }) => ({
    query: `scope=mine&machine_id=${machine_id}&limit=1`,
  })),
  row("POST /api/containers", "user", CONTAINER, () => ({ body: { name: "second", image: "public/base:1" } }), 201),
  row("GET /api/containers/{container_id}", "user", CONTAINER, container),
  row("PATCH /api/containers/{container_id}", "user", CONTAINER, (at) => ({ ...container(at), body: { memory: 512 } })),
  row("DELETE /api/containers/{container_id}", "user", CONTAINER, container),
  row("POST /api/containers/{container_id}/start", "user", CONTAINER, container),
  row("POST /api/containers/{container_id}/stop", "user", CONTAINER, container),
  row("POST /api/containers/{container_id}/open", "user", "url expires_at", (at) => ({
    ...container(at),
    body: { port: "jupyter" },
  })),
  row("POST /api/containers/{container_id}/restart", "user", CONTAINER, container),
  row("POST /api/containers/{container_id}/move", "user", CONTAINER, (at) => ({
    ...container(at),
    body: { machine_id: at.spare_machine_id, recreate: "discard" },
  })),
  row("POST /api/containers/{container_id}/recreate", "user", CONTAINER, (at) => ({
    ...container(at),
    body: { recreate: "discard" },
  })),
  row(
    "POST /api/containers/{container_id}/save",
    "user",
    IMAGE,
    (at) => ({ ...container(at), body: { name: "saved:1" } }),
    201,
  ),
  row("POST /api/containers/{container_id}/restore", "user", CONTAINER, container),
  row(
    "GET /api/containers/{container_id}/events",
    "user",
    { page: "event_id kind reason message count first_at last_at" },
    container,
  ),
  row("GET /api/containers/{container_id}/logs", "user", "lines", (at) => ({ ...container(at), query: "tail=2" })),
  row("GET /api/containers/{container_id}/files", "user", "path real_path storage items truncated", (at) => ({
    ...container(at),
    query: "path=%2Fetc",
  })),
  row("POST /api/containers/{container_id}/files/download", "user", "ticket expires_at", (at) => ({
    ...container(at),
    body: { path: "/etc/hostname" },
  })),

  // For admins.
  row("GET /api/invitations", "admin", { page: INVITATION }, () => ({})),
  row("POST /api/invitations", "admin", `${INVITATION} code`, () => ({ body: { uses: 3 } }), 201),
  row("DELETE /api/invitations/{invitation_id}", "admin", "", ({ invitation_id }) => ({ path: { invitation_id } })),
  row("GET /api/settings", "admin", SETTINGS, () => ({})),
  row("PATCH /api/settings", "admin", SETTINGS, () => ({ body: { registration: "open" } })),
  row(
    "GET /api/settings/setup",
    "admin",
    "first_password registry registry_message machines_online machines images people invitations dismissed",
    () => ({}),
  ),
  row("GET /api/usage/gpu_hours", "admin", GPU_HOURS, () => ({ query: "from=2026-11-01&to=2026-11-30&by=week" })),
  row("GET /api/usage/my_gpu_hours", "user", GPU_HOURS, () => ({
    query: "from=2026-11-01&to=2026-11-30&time_zone=Asia/Shanghai",
  })),
  row(
    "GET /api/reconcilers",
    "admin",
    "at reconcilers shards unobserved unreachable unreachable_count oldest_list operations",
    () => ({}),
  ),
  row("GET /api/registry", "user", REGISTRY, () => ({})),
  row("GET /api/registry/images", "admin", { page: "name digest image_id foreign drifted" }, () => ({})),
  row("POST /api/registry/collect", "admin", REGISTRY, () => ({})),
  row(
    "GET /api/audit",
    "admin",
    { page: "audit_id at user_id account action noun object_id address details" },
    ({ user_id }) => ({ query: `user_id=${user_id}` }),
  ),
];

function row(
  endpoint: ContractRow["endpoint"],
  who: ContractRow["who"],
  answer: string | { list: string } | { page: string },
  play: ContractRow["play"],
  status = 200,
): ContractRow {
  if (typeof answer === "string") return { endpoint, who, status, fields: answer, of: "answer", play };
  if ("list" in answer) return { endpoint, who, status, fields: answer.list, of: "list", play };
  return { endpoint, who, status, fields: answer.page, of: "page", play };
}

/** A line of an authorized_keys file. Another number is another key. */
export function sshKey(number: number): string {
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const key = Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.alloc(32, number))]);
  return `ssh-ed25519 ${key.toString("base64")} key-${number}`;
}

/** A PNG of one pixel. */
export const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

function photoForm(): FormData {
  const form = new FormData();
  form.append("photo", new Blob([PIXEL], { type: "image/jpeg" }), "account.png");
  return form;
}

function formOf(fields: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}
