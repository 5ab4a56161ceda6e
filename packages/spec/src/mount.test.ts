import { describe, expect, test } from "vitest";
import { Mounts } from "./mount.ts";

const at = (...paths: string[]) => Mounts.safeParse(paths.map((path) => ({ storage: "homes", path })));

test("takes an absolute path, and is writable unless its user says otherwise", () => {
  expect(at("/data").data).toEqual([{ storage: "homes", path: "/data", read_only: false }]);
  expect(at("/home/li/…/文件 1", "/data-2", "/data").success).toBe(true);
});

test.each(["data", "", "/", "/data/", "//data", "/a//b", "/a/./b", "/a/../b", "/..", "/a/..", "/a\nb", "/a\0b"])(
  "refuses %j, which is no path in one way only",
  (path) => {
    expect(at(path).success).toBe(false);
  },
);

test.each(["/proc", "/proc/1", "/sys/fs", "/dev", "/dev/shm", "/berth", "/berth/x"])(
  "refuses %s, which is not the user's to give away",
  (path) => {
    expect(at(path).success).toBe(false);
  },
);

test("takes names that only begin like those", () => {
  expect(at("/process", "/devel", "/berthing", "/.../a", "/..a").success).toBe(true);
});

describe("several mounts", () => {
  test("may not be at one path, nor one in another, whichever comes first", () => {
    for (const paths of [
      ["/data", "/data"],
      ["/data", "/data/sub"],
      ["/data/sub", "/data"],
      ["/a", "/b", "/a/b/c"],
    ]) {
      expect(at(...paths).error?.issues.map(({ message }) => message)).toEqual([
        expect.stringContaining("one mount can't lie in another"),
      ]);
    }
  });

  test("are at most 16", () => {
    const paths = Array.from({ length: 17 }, (_, index) => `/mount-${index}`);
    expect(at(...paths.slice(1)).success).toBe(true);
    expect(at(...paths).success).toBe(false);
  });
});

test.each(["Homes", "1st", "a_b", "a.b", "a--b", "-a", "a-", "", "x".repeat(33)])(
  "refuses %j as a storage's name",
  (storage) => {
    expect(Mounts.safeParse([{ storage, path: "/data" }]).success).toBe(false);
  },
);

test("knows nothing else of a mount: no path of the host comes in with it", () => {
  expect(Mounts.safeParse([{ storage: "homes", path: "/data", source: "/etc" }]).success).toBe(false);
});
