import fc from "fast-check";
import { expect, test } from "vitest";
import { ContainerName } from "./container.ts";
import { engineNameOf, heldGenerationOf, heldNameOf, isNameForUid } from "./engine-names.ts";

const UID = "0123abcd-0000-4000-8000-000000000000";
const OTHER = "4567abcd-0000-4000-8000-000000000000";

const anyName = fc.stringMatching(/^[a-z][a-z0-9-]{1,62}$/).filter((name) => ContainerName.safeParse(name).success);
const anyUid = fc.uuid();
const anyGeneration = fc.integer({ min: 1, max: 2 ** 31 - 1 });

test("names a container by its own name and the start of its uid", () => {
  expect(engineNameOf("train-bert", UID)).toBe("berth-train-bert-0123abcd");
  expect(heldNameOf("berth-train-bert-0123abcd", 7)).toBe("berth-train-bert-0123abcd-old-7");
});

test("gives names that Docker takes, however long or odd the container's is", () => {
  fc.assert(
    fc.property(fc.oneof(anyName, fc.string()), anyUid, anyGeneration, (name, uid, generation) => {
      const engineName = engineNameOf(name, uid);
      expect(engineName).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
      expect(heldNameOf(engineName, generation).length).toBeLessThanOrEqual(128);
    }),
  );
});

test("knows its names for a uid again, and the generation of what was set aside", () => {
  fc.assert(
    fc.property(anyName, anyUid, anyGeneration, (name, uid, generation) => {
      const engineName = engineNameOf(name, uid);
      expect(isNameForUid(engineName, uid)).toBe(true);
      expect(heldGenerationOf(engineName, uid)).toBeNull();
      const heldName = heldNameOf(engineName, generation);
      expect(isNameForUid(heldName, uid)).toBe(true);
      expect(heldGenerationOf(heldName, uid)).toBe(generation);
    }),
  );
});

test("knows a name again after its container was renamed", () => {
  expect(isNameForUid("berth-earlier-name-0123abcd", UID)).toBe(true);
});

test("takes no other container's name, and no name of another program's, for its own", () => {
  for (const name of [engineNameOf("job", OTHER), "postgres-0123abcd", "0123abcd", "berth-job-0123abcd-copy", ""]) {
    expect(isNameForUid(name, UID)).toBe(false);
  }
  expect(isNameForUid(heldNameOf(engineNameOf("job", OTHER), 3), UID)).toBe(false);
  expect(heldGenerationOf(heldNameOf(engineNameOf("job", OTHER), 3), UID)).toBeNull();
});

test("does not take a name that ends in -old and a uid of digits for something set aside", () => {
  const uid = "12345678-0000-4000-8000-000000000000";
  const engineName = engineNameOf("job-old", uid);
  expect(engineName).toBe("berth-job-old-12345678");
  expect(heldGenerationOf(engineName, uid)).toBeNull();
  expect(isNameForUid(engineName, uid)).toBe(true);
});
