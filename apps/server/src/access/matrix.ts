/**
 * Who may do what, as data: every procedure (by both doors), every other path and every socket. A test walks all of it,
 * and fails where something that this server serves is not in here.
 */
import type { ErrorCode } from "@berth/spec/error-code.ts";

export const CALLERS = [
  /** Without a token. */
  "nobody",
  /** With a token of a user who was disabled since. */
  "disabled",
  /** A user whom the object does not concern. */
  "stranger",
  /** The user whose object it is. */
  "owner",
  /** With the owner's API token of scope `read`. */
  "reader",
  /** With the owner's API token of scope `write`. */
  "program",
  "admin",
  /** With an admin's API token of scope `read`. */
  "admin_reader",
] as const;
export type Caller = (typeof CALLERS)[number];

export type Outcome = "ok" | ErrorCode;
type Outcomes = Record<Caller, Outcome>;

const everybody: Outcomes = {
  nobody: "ok",
  disabled: "ok",
  stranger: "ok",
  owner: "ok",
  reader: "ok",
  program: "ok",
  admin: "ok",
  admin_reader: "ok",
};
const signedIn: Outcomes = { ...everybody, nobody: "UNAUTHORIZED", disabled: "UNAUTHORIZED" };
/** What is asked for is not there, whoever asks. */
const unknown = Object.fromEntries(CALLERS.map((caller) => [caller, "NOT_FOUND"])) as Outcomes;
/** No access token lets anyone in. */
const nobodys = Object.fromEntries(CALLERS.map((caller) => [caller, "UNAUTHORIZED"])) as Outcomes;
/** Changes something of one's own. */
const change: Outcomes = { ...signedIn, reader: "FORBIDDEN", admin_reader: "FORBIDDEN" };
/** Makes or ends credentials: never with an API token. */
const credential: Outcomes = { ...change, program: "FORBIDDEN" };
/** Somebody's object: to a stranger it does not exist. */
const readOwn: Outcomes = { ...signedIn, stranger: "NOT_FOUND" };
const changeOwn: Outcomes = { ...change, stranger: "NOT_FOUND" };
/** Somebody's account: it is known who it is, and not a stranger's to change. */
const changeAccount: Outcomes = { ...change, stranger: "FORBIDDEN" };
const adminRead: Outcomes = {
  ...signedIn,
  stranger: "FORBIDDEN",
  owner: "FORBIDDEN",
  reader: "FORBIDDEN",
  program: "FORBIDDEN",
};
const adminChange: Outcomes = { ...adminRead, admin_reader: "FORBIDDEN" };

/** What a call is about: there before it, and numbered so that no two calls want the same name. */
export interface Scene {
  number: number;
  owner_id: number;
  owner_account: string;
  /** The owner's, like the next three. */
  container_id: number;
  image_id: number;
  key_id: string;
  token_id: number;
  machine_id: string;
  /** A machine without containers. */
  spare_machine_id: string;
  /** A user who owns nothing. */
  spare_user_id: number;
  invitation_id: number;
  storage_id: number;
  join_token_id: number;
}

export interface ProcedureRule {
  outcomes: Outcomes;
  input(scene: Scene): Record<string, unknown>;
}

const PASSWORD = "a hash of a password";
const GIF = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
const OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g other";

const nothing = () => ({});
const container = ({ container_id }: Scene) => ({ container_id });
const image = ({ image_id }: Scene) => ({ image_id });

export const PROCEDURES: Record<string, ProcedureRule> = {
  "auth.register": {
    outcomes: everybody,
    input: ({ number }) => ({ account: `new-${number}`, password: PASSWORD }),
  },
  "auth.login": { outcomes: everybody, input: () => ({ account: "signs-in", password: PASSWORD }) },
  // Only a browser's session is refreshed, and nobody here is one.
  "auth.refresh": { outcomes: nobodys, input: nothing },
  "auth.logout": { outcomes: everybody, input: nothing },
  "auth.logout_everywhere": { outcomes: credential, input: nothing },

  "user.me": { outcomes: signedIn, input: nothing },
  "user.get_user": { outcomes: signedIn, input: ({ owner_account }) => ({ account: owner_account }) },
  "user.set_profile": { outcomes: change, input: () => ({ field: "nickname", value: "Somebody" }) },
  "user.set_password": {
    outcomes: { ...changeAccount, program: "FORBIDDEN" },
    input: ({ owner_id }) => ({ user_id: owner_id, new_password: PASSWORD }),
  },
  "user.set_photo_custom": {
    outcomes: changeAccount,
    input: ({ owner_id, owner_account }) => ({ user_id: owner_id, account: owner_account, photo: GIF }),
  },
  "user.set_photo_default": {
    outcomes: changeAccount,
    input: ({ owner_id }) => ({ user_id: owner_id, photo: "anchor" }),
  },
  "user.default_photos": { outcomes: signedIn, input: nothing },
  "user.ssh_keys.list": { outcomes: signedIn, input: nothing },
  "user.ssh_keys.add": { outcomes: change, input: () => ({ public_key: OTHER_KEY }) },
  "user.ssh_keys.remove": {
    outcomes: { ...changeOwn, admin: "NOT_FOUND" },
    input: ({ key_id }) => ({ key_id }),
  },
  "user.api_tokens.list": { outcomes: signedIn, input: nothing },
  "user.api_tokens.create": { outcomes: credential, input: ({ number }) => ({ name: `made-${number}` }) },
  "user.api_tokens.revoke": {
    outcomes: { ...credential, stranger: "NOT_FOUND", admin: "NOT_FOUND" },
    input: ({ token_id }) => ({ token_id }),
  },
  "user.list": { outcomes: adminRead, input: nothing },
  "user.get": { outcomes: adminRead, input: ({ spare_user_id }) => ({ user_id: spare_user_id }) },
  "user.create": {
    outcomes: adminChange,
    input: ({ number }) => ({ account: `made-${number}`, password: PASSWORD }),
  },
  "user.update": {
    outcomes: adminChange,
    input: ({ spare_user_id }) => ({ user_id: spare_user_id, disabled: true }),
  },
  "user.delete": { outcomes: adminChange, input: ({ spare_user_id }) => ({ user_id: spare_user_id }) },

  "invitation.create": { outcomes: adminChange, input: nothing },
  "invitation.list": { outcomes: adminRead, input: nothing },
  "invitation.revoke": { outcomes: adminChange, input: ({ invitation_id }) => ({ invitation_id }) },
  "registry.status": { outcomes: signedIn, input: nothing },
  // Nothing answers where the registry is said to be.
  "registry.images": {
    outcomes: { ...adminRead, admin: "UNAVAILABLE", admin_reader: "UNAVAILABLE" },
    input: nothing,
  },
  "registry.collect": { outcomes: adminChange, input: nothing },
  "settings.get": { outcomes: adminRead, input: nothing },
  "settings.setup": { outcomes: adminRead, input: nothing },
  "settings.update": { outcomes: adminChange, input: () => ({ registration: "open" }) },
  "audit.list": { outcomes: adminRead, input: nothing },
  "usage.gpu_hours": { outcomes: adminRead, input: () => ({ from: "2026-11-01", to: "2026-11-30" }) },
  "usage.my_gpu_hours": { outcomes: signedIn, input: () => ({ from: "2026-11-01", to: "2026-11-30" }) },
  "reconciler.report": { outcomes: adminRead, input: nothing },

  "machine.info": { outcomes: signedIn, input: nothing },
  "machine.list": { outcomes: signedIn, input: nothing },
  "machine.get": { outcomes: signedIn, input: ({ machine_id }) => ({ machine_id }) },
  "machine.telemetry": { outcomes: signedIn, input: ({ machine_id }) => ({ machine_id, range: "day" }) },
  "machine.add": {
    outcomes: adminChange,
    input: ({ number }) => ({ url: `tcp://added-${number}:2375`, allow_insecure: true }),
  },
  "machine.update": { outcomes: adminChange, input: ({ machine_id }) => ({ machine_id, is_builder: true }) },
  "machine.drain": {
    outcomes: adminChange,
    input: ({ spare_machine_id }) => ({ machine_id: spare_machine_id }),
  },
  // It is the engine that is known.
  "machine.adopt": { outcomes: inConflict(adminChange), input: ({ machine_id }) => ({ machine_id }) },
  "machine.remove": {
    outcomes: adminChange,
    input: ({ spare_machine_id }) => ({ machine_id: spare_machine_id }),
  },

  "machine.ssh_key": { outcomes: adminRead, input: nothing },
  "machine.join_tokens.create": { outcomes: adminChange, input: nothing },
  "machine.join_tokens.list": { outcomes: adminRead, input: nothing },
  "machine.join_tokens.revoke": { outcomes: adminChange, input: ({ join_token_id }) => ({ join_token_id }) },
  "machine.images": { outcomes: adminRead, input: ({ machine_id }) => ({ machine_id }) },
  "machine.foreign_containers": { outcomes: adminRead, input: ({ machine_id }) => ({ machine_id }) },
  "image.list": { outcomes: signedIn, input: nothing },
  "image.get": { outcomes: readOwn, input: image },
  "image.add": {
    outcomes: adminChange,
    input: ({ number }) => ({ name: `public/added:${number}`, reference: "registry.lab:5000/a:1" }),
  },
  "image.update": { outcomes: changeOwn, input: ({ image_id }) => ({ image_id, display_name: "Mine" }) },
  "image.share": { outcomes: changeOwn, input: ({ image_id }) => ({ image_id, accounts: [] }) },
  "image.remove": { outcomes: changeOwn, input: image },
  // What it is made of is on no registry of ours.
  "image.publish": {
    outcomes: inConflict(adminChange),
    input: ({ image_id, number }) => ({ image_id, name: `public/published:${number}` }),
  },
  "image.prewarm": { outcomes: inConflict(adminChange), input: ({ image_id }) => ({ image_id, machine_ids: [] }) },
  "image.mirror": {
    outcomes: adminChange,
    input: ({ number }) => ({ name: `public/mirrored:${number}`, from: "debian:12" }),
  },
  "image.build": {
    outcomes: adminChange,
    input: ({ number }) => ({ name: `public/built:${number}`, dockerfile: "FROM debian:12" }),
  },
  "image.log": { outcomes: readOwn, input: image },
  // It is there, and was never made by Berth.
  "image.cancel": { outcomes: inConflict(changeOwn), input: image },
  "image.retry": { outcomes: inConflict(changeOwn), input: image },

  "storage.list": { outcomes: signedIn, input: nothing },
  "storage.create": {
    outcomes: adminChange,
    input: ({ number }) => ({ name: `made-${number}`, kind: "scratch" }),
  },
  "storage.update": {
    outcomes: adminChange,
    input: ({ storage_id }) => ({ storage_id, description: "Not backed up." }),
  },
  "storage.remove": { outcomes: adminChange, input: ({ storage_id }) => ({ storage_id }) },

  "container.create": {
    outcomes: change,
    input: ({ number }) => ({ name: `made-${number}`, image: "public/base:1" }),
  },
  "container.list": { outcomes: signedIn, input: nothing },
  "container.get": { outcomes: readOwn, input: container },
  "container.update": { outcomes: changeOwn, input: ({ container_id }) => ({ container_id, memory: 512 }) },
  "container.start": { outcomes: changeOwn, input: container },
  "container.stop": { outcomes: changeOwn, input: container },
  "container.restart": { outcomes: changeOwn, input: container },
  "container.recreate": {
    outcomes: changeOwn,
    input: ({ container_id }) => ({ container_id, recreate: "discard" }),
  },
  // It was never made, so there is nothing that could move.
  "container.move": { outcomes: inConflict(changeOwn), input: container },
  // Nothing of it was set aside.
  "container.restore": {
    outcomes: { ...changeOwn, owner: "NOT_FOUND", program: "NOT_FOUND", admin: "NOT_FOUND" },
    input: container,
  },
  // No server shows pages there.
  "container.open": {
    outcomes: { ...changeOwn, owner: "UNAVAILABLE", program: "UNAVAILABLE", admin: "UNAVAILABLE" },
    input: ({ container_id }) => ({ container_id, port: "jupyter" }),
  },
  "container.delete": { outcomes: changeOwn, input: container },
  "container.events": { outcomes: readOwn, input: container },
  // It was never made, so it has no log.
  "container.save": {
    outcomes: inConflict(changeOwn),
    input: ({ container_id }) => ({ container_id, name: "saved:1" }),
  },
  "container.logs": { outcomes: inConflict(readOwn), input: container },
  "container.list_files": {
    outcomes: inConflict(changeOwn),
    input: ({ container_id }) => ({ container_id, path: "/" }),
  },
  "container.download_file": {
    outcomes: inConflict(changeOwn),
    input: ({ container_id }) => ({ container_id, path: "/etc/hostname" }),
  },
  "container.stats": { outcomes: readOwn, input: container },
  "live.changes": { outcomes: signedIn, input: nothing },
};

/** As `METHOD path`, what is served beside procedures. */
export const PATHS: Record<string, Outcomes> = {
  "GET /": everybody,
  "GET /healthz": everybody,
  "GET /readyz": everybody,
  "GET /photos/default/anchor.svg": everybody,
  // By nothing but its name, which nobody can guess.
  "GET /photos/nothing.webp": unknown,
  "GET /api/openapi.json": everybody,
  "GET /api/docs": everybody,
  // Docker clients say who they are by their password or API token, in a header of another kind.
  "GET /registry/token": nobodys,
  "POST /registry/token": nobodys,
  // Only the registry itself.
  "POST /registry/events": nobodys,
  // A GPU server has nothing but its join token, in the path: who else calls does not count.
  "GET /join/nothing.sh": unknown,
  "POST /join/nothing/sign": unknown,
  "POST /join/nothing/report": unknown,
  "POST /join/nothing/checks": unknown,
  "GET /files/containers/{container_id}?path=/etc/hostname": inConflict(changeOwn),
  "PUT /files/containers/{container_id}?path=/tmp/new": inConflict(changeOwn),
  // By a ticket alone.
  "POST /files/download": nobodys,
  // A caller on this very machine may look: another one is in the test of the metrics.
  "GET /metrics": everybody,
};

/** Streams that need a WebSocket of their own. */
export const SOCKETS: Record<string, Outcomes> = {
  "/ws/containers/{container_id}/terminal": inConflict(changeOwn),
  "/ws/containers/{container_id}/logs": inConflict(readOwn),
  "/ws/images/{image_id}/log": readOwn,
};

/** Whoever may, learns that the object is not such that it can be done. */
function inConflict(outcomes: Outcomes): Outcomes {
  const told = Object.entries(outcomes).map(([caller, outcome]) => [caller, outcome === "ok" ? "CONFLICT" : outcome]);
  return Object.fromEntries(told) as Outcomes;
}
