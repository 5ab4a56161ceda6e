import { expect, test } from "vitest";
import { startFaultServer } from "../transport/fault-server.fixture.ts";

test("shows names that Docker writes as <none> as no names, and its null as nothing", async () => {
  const common = { Created: 1, Size: 5, SharedSize: -1, Containers: -1 };
  await using server = await startFaultServer(({ response }) => {
    const old = {
      ...common,
      Id: "sha256:1",
      ParentId: "",
      RepoTags: ["<none>:<none>"],
      RepoDigests: ["<none>@<none>"],
    };
    const bare = { ...common, Id: "sha256:2", ParentId: "sha256:1", RepoTags: null, RepoDigests: null, Labels: null };
    const pulled = {
      ...common,
      Id: "sha256:3",
      RepoTags: ["a:<none>"],
      RepoDigests: ["a@sha256:9"],
      Labels: { l: "v" },
    };
    response.end(JSON.stringify([old, bare, pulled]));
  });
  const figures = { size_bytes: 5, created_at_s: 1 };
  expect(await server.engine.listImages()).toEqual([
    { id: "sha256:1", tags: [], digests: [], labels: {}, parent_id: null, ...figures },
    { id: "sha256:2", tags: [], digests: [], labels: {}, parent_id: "sha256:1", ...figures },
    { id: "sha256:3", tags: [], digests: ["a@sha256:9"], labels: { l: "v" }, parent_id: null, ...figures },
  ]);
});

test("takes what is no list of images for no answer of Docker's", async () => {
  await using server = await startFaultServer(({ response }) => response.end('{"images":[]}'));
  await expect(server.engine.listImages()).rejects.toMatchObject({ kind: "protocol" });
});
