import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { DomainError } from "@berth/spec/error-code.ts";
import type { UploadedFile } from "@berth/spec/image.ts";
import type { Header } from "tar-stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { contextOfText, openContext } from "./build-context.ts";
import { CONTEXT_LIMITS } from "./entry.ts";
import { type Given, tarGzOf, tarOf, unpack, uploadOf, zipOf } from "./testing/archives.ts";

const MIB = 1024 * 1024;
const DOCKERFILE: [string, string] = ["Dockerfile", "FROM debian:12\n"];

async function open(bytes: Buffer, ...rest: Parameters<typeof openContext> extends [unknown, ...infer R] ? R : never) {
  const file = await uploadOf(bytes);
  onTestFinished(() => file.close());
  return openContext(file, ...rest);
}

/** Opened and read to its end; by name what it has. */
async function contentOf(bytes: Buffer, ...rest: Parameters<typeof open> extends [unknown, ...infer R] ? R : never) {
  const context = await open(bytes, ...rest);
  return Object.fromEntries((await unpack(context.tar())).map(([{ name }, content]) => [name, content]));
}

async function refusalOf(
  ...given: Parameters<typeof open>
): Promise<{ code: string; message: string; details: unknown }> {
  try {
    const context = await open(...given);
    for await (const _chunk of context.tar());
  } catch (error) {
    if (error instanceof DomainError) return { code: error.code, message: error.message, details: error.details };
    throw error;
  }
  throw new Error("it was taken");
}

describe("what was uploaded", () => {
  const files: [string, string][] = [DOCKERFILE, ["src/a.py", "print(1)"], ["说明.txt", "容器"], ["empty", ""]];
  test.each([
    ["a tar", () => tarOf(files)],
    ["a tar.gz", () => tarGzOf(files)],
    ["a zip", () => zipOf(files)],
  ])("is known by its content as %s", async (_what, make) => {
    const context = await open(await make());
    expect(context).toMatchObject({ dockerfile: "Dockerfile", text: "FROM debian:12\n" });
    const unpacked = await unpack(context.tar());
    expect(unpacked.map(([{ name }, content]) => [name, content])).toEqual(files);
    expect(unpacked.every(([{ uid, gid, uname }]) => uid === 0 && gid === 0 && !uname)).toBe(true);
  });

  test("is the same tar each time it is read", async () => {
    const bytes = await tarGzOf([DOCKERFILE, ["big", randomBytes(3 * MIB)], [`${"long/".repeat(40)}name`, "x"]]);
    const digests = [];
    for (let round = 0; round < 2; round += 1) {
      const context = await open(bytes);
      for (let again = 0; again < 2; again += 1) {
        digests.push(
          createHash("sha256")
            .update(await buffer(context.tar()))
            .digest("hex"),
        );
      }
    }
    expect(new Set(digests).size).toBe(1);
  });

  test("keeps modes, times and links, and who owned it counts for nothing", async () => {
    const mtime = new Date("2020-02-03T04:05:06Z");
    const owner = { uid: 1000, gid: 1000, uname: "li", gname: "li" };
    const context = await open(
      await tarOf([
        DOCKERFILE,
        ["./bin/", { type: "directory", mode: 0o750, mtime, ...owner }],
        ["./bin/run", { content: "#!/bin/sh", mode: 0o755, mtime, ...owner }],
        ["./bin/go", { type: "symlink", linkname: "../bin/run", mtime }],
        ["./again", { type: "link", linkname: "./bin/run", mtime }],
      ]),
    );
    const found = (await unpack(context.tar())).map(([header]) => header as Partial<Header>);
    expect(found.slice(1)).toMatchObject([
      { name: "bin", type: "directory", mode: 0o750, mtime, uid: 0, uname: "" },
      { name: "bin/run", type: "file", mode: 0o755, mtime, gid: 0, gname: "" },
      { name: "bin/go", type: "symlink", linkname: "../bin/run" },
      { name: "again", type: "link", linkname: "bin/run" },
    ]);
  });

  test("may be what GNU tar makes of a folder, in each of its formats", async () => {
    const folder = mkdtempSync(join(tmpdir(), "berth-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const deep = "d".repeat(90);
    mkdirSync(join(folder, "in", deep, deep), { recursive: true });
    writeFileSync(join(folder, "in/Dockerfile"), "FROM scratch\n");
    writeFileSync(join(folder, "in", deep, deep, "文件"), "deep");
    writeFileSync(join(folder, "in/run"), "x");
    chmodSync(join(folder, "in/run"), 0o700);
    utimesSync(join(folder, "in/run"), 1_600_000_000, 1_600_000_000);
    symlinkSync("run", join(folder, "in/link"));
    for (const format of ["gnu", "pax", "oldgnu"]) {
      for (const pack of ["cf", "czf"]) {
        const path = join(folder, "out");
        execFileSync("tar", [`--format=${format}`, `-${pack}`, path, "-C", join(folder, "in"), "."]);
        const context = await open(execFileSync("cat", [path]));
        const found = new Map(
          (await unpack(context.tar())).map(([header, content]) => [header.name, { header, content }]),
        );
        expect(found.get(`${deep}/${deep}/文件`)?.content).toBe("deep");
        expect(found.get("run")?.header).toMatchObject({ mode: 0o700, mtime: new Date(1_600_000_000_000) });
        expect(found.get("link")?.header).toMatchObject({ type: "symlink", linkname: "run" });
        expect(found.size).toBe(6);
      }
    }
  });

  test("may be a zip with folders, links and modes, as Unix makes it", async () => {
    const context = await open(
      await zipOf([DOCKERFILE, ["bin/", ""], ["bin/run", "#!/bin/sh", 0o100755], ["go", "bin/run", 0o120777]]),
    );
    const found = (await unpack(context.tar())).map(([header]) => header as Partial<Header>);
    expect(found).toMatchObject([
      { name: "Dockerfile", mode: 0o644, mtime: new Date("2026-01-02T03:04:06Z") },
      { name: "bin", type: "directory" },
      { name: "bin/run", mode: 0o755 },
      { name: "go", type: "symlink", linkname: "bin/run" },
    ]);
  });

  test("is told to be no archive, or another kind of one", async () => {
    for (const [bytes, code, message] of [
      [Buffer.from("FROM debian:12\n"), "UNPROCESSABLE", "the tar is broken: Unexpected end of data."],
      [Buffer.alloc(2_000, "no archive "), "UNSUPPORTED_MEDIA_TYPE", "context: it is no tar, tar.gz or zip."],
      [Buffer.from("BZh91AY&SY"), "UNSUPPORTED_MEDIA_TYPE", "it is a bzip2 file: send a tar, tar.gz or zip."],
      [Buffer.from("28b52ffd0058", "hex"), "UNSUPPORTED_MEDIA_TYPE", "it is a zstd file: send a tar, tar.gz or zip."],
      [Buffer.alloc(0), "UNPROCESSABLE", 'there is no "Dockerfile"'],
    ] as const) {
      expect(await refusalOf(bytes)).toMatchObject({ code, message: expect.stringContaining(message) });
    }
  });

  test.each([
    ["tar", () => tarOf([DOCKERFILE, ["big", randomBytes(200_000)]])],
    ["tar.gz", () => tarGzOf([DOCKERFILE, ["big", randomBytes(200_000)]])],
    ["zip", () => zipOf([DOCKERFILE, ["big", randomBytes(200_000)]])],
  ])("is refused where the %s breaks off, wherever", async (kind, make) => {
    const whole = await make();
    for (const length of [300, 700, 1_100, 50_000, whole.length - 3_000]) {
      const { code, message } = await refusalOf(whole.subarray(0, length));
      expect(code).toMatch(/UNPROCESSABLE|UNSUPPORTED_MEDIA_TYPE/);
      expect(message).toMatch(/broken|no tar/);
      if (length > 50_000) expect(message).toContain(`the ${kind} is broken`);
    }
  });

  test("is refused where its bytes were changed on their way", async () => {
    for (const make of [tarGzOf, zipOf] as const) {
      const whole = await make([DOCKERFILE, ["big", "content ".repeat(20_000)]]);
      whole.fill(0x55, 120, 200);
      expect(await refusalOf(whole)).toMatchObject({ code: "UNPROCESSABLE" });
    }
  });
});

describe("an entry that leads out, or is no file, is refused by its name", () => {
  test.each<[string, Given, string]>([
    ["../evil", "x", "`..`"],
    ["a/../../evil", "x", "`..`"],
    ["/etc/passwd", "x", "absolute"],
    ["dev", { type: "character-device", devmajor: 1, devminor: 3 }, "character device"],
    ["disk", { type: "block-device" }, "block device"],
    ["pipe", { type: "fifo" }, "fifo"],
    ["out", { type: "symlink", linkname: "/etc/passwd" }, "outside"],
    ["a/b/out", { type: "symlink", linkname: "../../../etc" }, "outside"],
    ["a/round", { type: "symlink", linkname: "../a/../../b" }, "outside"],
    ["hard", { type: "link", linkname: "../other" }, "outside"],
    ["hard", { type: "link", linkname: "/etc/shadow" }, "outside"],
    ["n".repeat(256), "x", "too long a name"],
    [`${"folder/".repeat(600)}x`, "x", "too long a name"],
  ])("%j", async (name, given, why) => {
    for (const make of [tarOf, tarGzOf]) {
      const { code, message, details } = await refusalOf(await make([DOCKERFILE, [name, given]]));
      expect(code).toBe("UNPROCESSABLE");
      expect(message).toContain(why);
      expect(message).toContain(name.slice(0, 100));
      expect(details).toMatchObject({ field: "context", entry: name });
    }
  });

  test("also in a zip", async () => {
    const link = await refusalOf(await zipOf([DOCKERFILE, ["a/out", "../../etc", 0o120777]]));
    expect(link.message).toContain("outside");
    expect((await refusalOf(await zipOf([DOCKERFILE, ["pipe", "", 0o010644]]))).message).toContain(
      '"pipe" is a device',
    );
    // No program makes such a name: it is written over one of the same length.
    const climbing = await zipOf([DOCKERFILE, ["aa/aa/evil", "x"]]);
    const patched = Buffer.from(climbing.toString("latin1").replaceAll("aa/aa/evil", "../../evil"), "latin1");
    expect(await refusalOf(patched)).toMatchObject({ code: "UNPROCESSABLE", details: { entry: "../../evil" } });
    const rooted = Buffer.from(climbing.toString("latin1").replaceAll("aa/aa/evil", "/a/aa/evil"), "latin1");
    expect((await refusalOf(rooted)).message).toContain("absolute");
  });

  test("but a link within it is not, nor one to nowhere", async () => {
    const found = await contentOf(
      await tarOf([
        DOCKERFILE,
        ["a/b/up", { type: "symlink", linkname: "../../Dockerfile" }],
        ["x", { type: "symlink", linkname: "gone" }],
      ]),
    );
    expect(Object.keys(found)).toEqual(["Dockerfile", "a/b/up", "x"]);
  });

  test("nor one that .dockerignore would leave out: whoever sends it is told", async () => {
    const { message } = await refusalOf(
      await tarOf([DOCKERFILE, [".dockerignore", "out\n"], ["out", { type: "symlink", linkname: "/" }]]),
    );
    expect(message).toContain('"out" is a link');
  });
});

describe("what is too large", () => {
  const limits = { ...CONTEXT_LIMITS, unpackedBytes: 2 * MIB, entries: 50 };
  const refused = async (bytes: Buffer) => (await refusalOf(bytes, undefined, limits)).code;

  test("is refused by the sum of what it unpacks to, in each kind of archive", async () => {
    const files: [string, Buffer][] = Array.from({ length: 5 }, (_, n) => [`${n}`, Buffer.alloc(MIB / 2)]);
    for (const make of [tarOf, tarGzOf, zipOf]) {
      expect(await refused(await make([DOCKERFILE, ...files]))).toBe("PAYLOAD_TOO_LARGE");
      expect(
        Object.keys(await contentOf(await make([DOCKERFILE, ...files.slice(0, 3)]), undefined, limits)),
      ).toHaveLength(4);
    }
  });

  test("is refused by its number of entries", async () => {
    const files: [string, string][] = Array.from({ length: 50 }, (_, n) => [`${n}`, ""]);
    for (const make of [tarOf, tarGzOf, zipOf]) {
      expect(await refused(await make([DOCKERFILE, ...files]))).toBe("PAYLOAD_TOO_LARGE");
      expect(Object.keys(await contentOf(await make([DOCKERFILE, ...files.slice(1)]), undefined, limits))).toHaveLength(
        50,
      );
    }
  });

  /** How much of an archive, which is refused, was read before it was. */
  const shareRead = async (bytes: Buffer): Promise<number> => {
    const file = await uploadOf(bytes);
    onTestFinished(() => file.close());
    let length = 0;
    const counted: UploadedFile = {
      size: file.size,
      async *read(...range) {
        for await (const chunk of file.read(...range)) {
          length += chunk.length;
          yield chunk;
        }
      },
    };
    await expect(openContext(counted, undefined, limits)).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    return length / bytes.length;
  };

  test("is not unpacked to its end: gigabytes of nothing after a file, or in headers", async () => {
    const zeros = gzipSync(Buffer.alloc(64 * MIB));
    const between = Buffer.concat([
      gzipSync((await tarOf([DOCKERFILE])).subarray(0, 1024)),
      ...Array.from({ length: 64 }, () => zeros),
    ]);
    const before = process.memoryUsage().rss;
    expect(await shareRead(between)).toBeLessThan(1 / 4);
    const comment = randomBytes(0.75 * MIB).toString("base64");
    const pax = await tarOf([["x", { content: "", pax: { comment } }]]);
    const headers = gzipSync(
      Buffer.concat([
        await tarOf([DOCKERFILE]).then((tar) => tar.subarray(0, 1024)),
        ...Array.from({ length: 20 }, () => pax.subarray(0, -1024)),
      ]),
    );
    expect(await shareRead(headers)).toBeLessThan(1 / 4);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB);
  });

  test("is refused where a zip's entry is larger than it says", async () => {
    const zip = await zipOf([DOCKERFILE, ["bomb", Buffer.alloc(3 * MIB)]]);
    // Its size where the list of entries has it.
    const list = zip.lastIndexOf("PK\x01\x02", zip.length - 30, "latin1");
    expect(zip.readUInt32LE(list + 24)).toBe(3 * MIB);
    zip.writeUInt32LE(10, list + 24);
    expect(await refusalOf(zip, undefined, limits)).toMatchObject({ code: "UNPROCESSABLE" });
  });
});

describe(".dockerignore", () => {
  const tree = (ignore: string): [string, Given][] => [
    DOCKERFILE,
    ["README.md", "r"],
    ["notes.MD", "n"],
    ["docs/README.md", "r"],
    ["docs/deep/a.md", "a"],
    ["src/main.py", "m"],
    ["src/main.pyc", "c"],
    ["src/temp1", "t"],
    ["data", { type: "directory" }],
    ["data/huge.bin", "h"],
    ["data/keep.txt", "k"],
    // Wherever it is: it must be known before the first entry is written.
    [".dockerignore", ignore],
  ];
  const left = async (ignore: string): Promise<string[]> => {
    const all = tree(ignore).map(([name]) => name);
    const kept = Object.keys(await contentOf(await tarOf(tree(ignore))));
    return all.filter((name) => !kept.includes(name));
  };

  test.each([
    ["# a comment\n\n", []],
    ["*.md", ["README.md"]],
    ["**/*.md", ["README.md", "docs/README.md", "docs/deep/a.md"]],
    ["*/*.md", ["docs/README.md"]],
    ["*/temp?", ["src/temp1"]],
    ["**/*.py[co]", ["src/main.pyc"]],
    ["data", ["data", "data/huge.bin", "data/keep.txt"]],
    ["/data/", ["data", "data/huge.bin", "data/keep.txt"]],
    ["data/*\n!data/keep.txt", ["data/huge.bin"]],
    ["**/*.md\n!docs/**", ["README.md"]],
    ["!README.md\n*.md", ["README.md"]],
    ["./docs/../src", ["src/main.py", "src/main.pyc", "src/temp1"]],
    ["docs/**/a.md", ["docs/deep/a.md"]],
    ["readme.md", []],
    [
      "*",
      [
        "README.md",
        "notes.MD",
        "docs/README.md",
        "docs/deep/a.md",
        "src/main.py",
        "src/main.pyc",
        "src/temp1",
        "data",
        "data/huge.bin",
        "data/keep.txt",
      ],
    ],
    ["Dockerfile\n.dockerignore\nREADME.md", ["README.md"]],
    ["\ufeffREADME.md\r\nsrc\r\n", ["README.md", "src/main.py", "src/main.pyc", "src/temp1"]],
  ])("%j leaves out what docker build leaves out", async (ignore, expected) => {
    expect(await left(ignore)).toEqual(expected);
  });

  test("keeps the Dockerfile that is named, and what leads to nowhere then is refused", async () => {
    const files: [string, Given][] = [
      ["build/Dockerfile", "FROM a"],
      ["build/x", "x"],
      [".dockerignore", "build"],
    ];
    expect(Object.keys(await contentOf(await tarOf(files), "./build//Dockerfile"))).toEqual([
      "build/Dockerfile",
      ".dockerignore",
    ]);
    const links: [string, Given][] = [
      DOCKERFILE,
      ["a", "x"],
      ["b", { type: "link", linkname: "a" }],
      [".dockerignore", "a"],
    ];
    expect((await refusalOf(await tarOf(links))).message).toContain('"b" is the same file as "a"');
  });

  test("with a pattern that is none is refused", async () => {
    expect((await refusalOf(await tarOf([DOCKERFILE, [".dockerignore", "[a-"]]))).message).toContain(".dockerignore");
  });
});

describe("the Dockerfile", () => {
  test("is found at the root, or where it is named", async () => {
    const bytes = await tarOf([DOCKERFILE, ["docker/gpu.Dockerfile", "FROM cuda"]]);
    expect(await open(bytes)).toMatchObject({ text: "FROM debian:12\n" });
    expect(await open(bytes, "docker/gpu.Dockerfile")).toMatchObject({
      dockerfile: "docker/gpu.Dockerfile",
      text: "FROM cuda",
    });
    expect((await refusalOf(bytes, "docker/none")).message).toContain('there is no "docker/none"');
    for (const path of ["../Dockerfile", "/Dockerfile", ".", "/"]) {
      expect(await refusalOf(bytes, path)).toMatchObject({ code: "BAD_REQUEST" });
    }
  });

  test("in the one folder of an archive is not guessed: it is said how to name it", async () => {
    const { message, details } = await refusalOf(
      await zipOf([
        ["app/Dockerfile", "FROM a"],
        ["app/x", "x"],
      ]),
    );
    expect(message).toContain("dockerfile=app/Dockerfile");
    expect(details).toMatchObject({ dockerfile: "app/Dockerfile" });
    const two = await refusalOf(
      await zipOf([
        ["a/Dockerfile", "FROM a"],
        ["b/Dockerfile", "FROM a"],
      ]),
    );
    expect(two.message).toBe('context: there is no "Dockerfile" in it.');
  });

  test("that comes twice is the last one, as it is for who unpacks it", async () => {
    expect(await open(await tarOf([DOCKERFILE, ["./Dockerfile", "FROM other"]]))).toMatchObject({ text: "FROM other" });
  });

  test("is a file of a MiB at most", async () => {
    const link = await tarOf([
      ["Dockerfile", { type: "symlink", linkname: "other" }],
      ["other", "FROM a"],
    ]);
    expect((await refusalOf(link)).message).toContain("is a symlink, and not a file");
    const large = await tarOf([["Dockerfile", "#".repeat(MIB + 1)]]);
    expect(await refusalOf(large)).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  });

  test("given as text takes the place of the one there, and needs no other file", async () => {
    const found = await contentOf(await tarOf([["a", "x"], DOCKERFILE]), { text: "FROM mine\nRUN true" });
    expect(found).toEqual({ Dockerfile: "FROM mine\nRUN true", a: "x" });
    const alone = contextOfText("FROM mine");
    expect(await unpack(alone.tar())).toMatchObject([[{ name: "Dockerfile", mode: 0o644 }, "FROM mine"]]);
    expect(await buffer(alone.tar())).toEqual(await buffer(contextOfText("FROM mine").tar()));
  });
});

test("a tar that is not read to its end lets go of everything", async () => {
  const file = await uploadOf(await tarOf([DOCKERFILE, ["big", randomBytes(8 * MIB)], ["more", "x"]]));
  onTestFinished(() => file.close());
  let readers = 0;
  const watched: UploadedFile = {
    size: file.size,
    async *read(...range) {
      readers += 1;
      try {
        yield* file.read(...range);
      } finally {
        readers -= 1;
      }
    },
  };
  const context = await openContext(watched);
  for await (const chunk of context.tar()) {
    expect(chunk.length).toBeGreaterThan(0);
    expect(readers).toBe(1);
    break;
  }
  // A stream lets go of what it reads from when that has given what it was asked for last.
  await expect.poll(() => readers).toBe(0);
});
