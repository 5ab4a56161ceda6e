import { expect, test } from "vitest";
import { startFaultServer } from "../transport/fault-server.fixture.ts";

const REFERENCE = "10.77.0.1:5000/public/base:v1";

function refusing(status: number, message: string) {
  return startFaultServer(({ response }) => response.writeHead(status).end(JSON.stringify({ message })));
}

test("asks for the image through the engine, with the token in a header", async () => {
  let header = "";
  await using server = await startFaultServer(({ request, response }) => {
    header = String(request.headers["x-registry-auth"]);
    response.end('{"Descriptor":{},"Platforms":[]}');
  });
  expect(await server.engine.checkRegistry(REFERENCE, { registryToken: "s3cret" })).toBe("found");
  expect(server.requests).toEqual([`GET /v1.41/distribution/${REFERENCE}/json`]);
  expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual({ registrytoken: "s3cret" });
});

test("takes an image that is not there for a registry that is", async () => {
  await using server = await refusing(404, "manifest unknown: manifest unknown");
  expect(await server.engine.checkRegistry(REFERENCE)).toBe("not_found");
});

test.each([
  [401, "errors:\nunauthorized: authentication required\nunauthorized: authentication required", "rejected"],
  [403, "errors:\ndenied: requested access to the resource is denied", "rejected"],
  [500, "unauthorized: authentication required", "rejected"],
  [500, 'Get "https://10.77.0.1:5000/v2/": dial tcp 10.77.0.1:5000: connect: connection refused', "failed"],
  [500, 'Get "https://registry.lab/v2/": dial tcp: lookup registry.lab on 10.0.0.1:53: no such host', "failed"],
])(
  "tells credentials that are refused from a registry that can't be reached (%i %s)",
  async (status, message, kind) => {
    await using server = await refusing(status, message);
    await expect(server.engine.checkRegistry(REFERENCE)).rejects.toMatchObject({ kind, message });
  },
);
