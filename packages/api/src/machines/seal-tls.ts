import type { SecretBox } from "@berth/db/secret-box.ts";
import { EngineTls } from "@berth/spec/machine.ts";

const PURPOSE = "machines.tls";

export const sealTls = (box: SecretBox, tls: EngineTls | undefined) =>
  tls === undefined ? null : box.seal(JSON.stringify(tls), PURPOSE);

export const openTls = (box: SecretBox, sealed: Uint8Array | null): EngineTls | null =>
  sealed === null ? null : EngineTls.parse(JSON.parse(box.open(sealed, PURPOSE)));
