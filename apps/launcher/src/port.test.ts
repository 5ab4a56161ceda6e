import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { checkPortIsFree } from "./port.ts";

test("names a busy port and the variable that chooses another", async () => {
  const stranger = createServer().listen(0, "127.0.0.1");
  await once(stranger, "listening");
  const { port } = stranger.address() as AddressInfo;
  await expect(checkPortIsFree("127.0.0.1", port)).rejects.toThrow(
    `port ${port} on 127.0.0.1 is in use: stop what listens there, or set BERTH_PORT`,
  );
  stranger.close();
  await once(stranger, "close");
  await checkPortIsFree("127.0.0.1", port);
});

test("says that an address is not this machine's", async () => {
  await expect(checkPortIsFree("192.0.2.1", 34_567)).rejects.toThrow("192.0.2.1 is no address of this machine");
});
