import { loadSshKey, type SshKey } from "@berth/db/machines/ssh-key.ts";
import { makeSshKey } from "@berth/docker/transport/ssh-tunnel.ts";
import type { ApiServices } from "../context.ts";

/** With what Berth signs in to machines that are reached over ssh. */
export const sshKeyOf = ({ sql, box }: Pick<ApiServices, "sql" | "box">): Promise<SshKey> =>
  loadSshKey(sql, box, () => makeSshKey("berth"));
