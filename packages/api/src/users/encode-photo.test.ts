import { MAX_PHOTO_BYTES } from "@berth/spec/user.ts";
import sharp from "sharp";
import { expect, test } from "vitest";
import { encodePhoto } from "./encode-photo.ts";

const RED = { r: 230, g: 20, b: 20 };
const BLUE = { r: 20, g: 20, b: 230 };
const plain = (width: number, height: number, background: object = RED) =>
  sharp({ create: { width, height, channels: 3, background } });

/** Two halves, the left one red. */
const redAndBlue = (width: number, height: number) =>
  plain(width, height, BLUE).composite([
    { input: { create: { width: width / 2, height, channels: 3, background: RED } }, left: 0, top: 0 },
  ]);

async function colourAt(photo: Uint8Array, left: number, top: number): Promise<"red" | "blue" | "other"> {
  const [red = 0, , blue = 0] = await sharp(photo).extract({ left, top, width: 1, height: 1 }).raw().toBuffer();
  if (red > 150 && blue < 100) return "red";
  return blue > 150 && red < 100 ? "blue" : "other";
}

const UNSUPPORTED = { code: "UNSUPPORTED_MEDIA_TYPE" };

test.each(["png", "jpeg", "webp", "gif"] as const)("makes a %s a square WebP", async (format) => {
  const photo = await encodePhoto(await redAndBlue(600, 300).toFormat(format).toBuffer());
  expect(await sharp(photo).metadata()).toMatchObject({ format: "webp", width: 256, height: 256 });
  expect([await colourAt(photo, 20, 128), await colourAt(photo, 236, 128)]).toEqual(["red", "blue"]);
});

test("turns a photo upright, and forgets what else it told", async () => {
  const exif = { IFD0: { Copyright: "a secret place" } };
  // Orientation 6: the camera was turned, so what is left in the file is the top.
  const turned = await redAndBlue(400, 400).jpeg().withExif(exif).withMetadata({ orientation: 6 }).toBuffer();
  expect((await sharp(turned).metadata()).orientation).toBe(6);
  const photo = await encodePhoto(turned);
  expect([await colourAt(photo, 128, 20), await colourAt(photo, 128, 236)]).toEqual(["red", "blue"]);
  const { exif: kept, icc, xmp, orientation } = await sharp(photo).metadata();
  expect({ kept, icc, xmp, orientation }).toEqual({});
  expect(Buffer.from(photo).includes("secret")).toBe(false);
});

test("takes the first frame of what moves", async () => {
  const frames = await Promise.all([RED, BLUE].map((colour) => plain(64, 64, colour).png().toBuffer()));
  const moving = await sharp(frames, { join: { animated: true } })
    .gif({ delay: [100, 100] })
    .toBuffer();
  expect((await sharp(moving).metadata()).pages).toBe(2);
  const photo = await encodePhoto(moving);
  expect((await sharp(photo).metadata()).pages ?? 1).toBe(1);
  expect(await colourAt(photo, 128, 128)).toBe("red");
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["text", Buffer.from("no picture at all")],
  ["SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
  ["TIFF", await plain(9, 9).tiff().toBuffer()],
  ["AVIF", await plain(9, 9).avif().toBuffer()],
  ["a PNG that is cut off", (await plain(900, 900).png({ compressionLevel: 0 }).toBuffer()).subarray(0, 50_000)],
  ["only the beginning of a JPEG", Buffer.from("ffd8ffe000104a46494600", "hex")],
  ["SVG behind the beginning of a GIF", Buffer.from('GIF89a<svg xmlns="http://www.w3.org/2000/svg"/>')],
])("refuses %s", async (_what, bytes) => {
  await expect(encodePhoto(bytes)).rejects.toMatchObject(UNSUPPORTED);
});

test("refuses more than 8,192 pixels a side, by what the picture says of itself", async () => {
  const long = await plain(8_193, 1).png().toBuffer();
  await expect(encodePhoto(long)).rejects.toMatchObject({ ...UNSUPPORTED, message: expect.stringContaining("8193") });
  expect(await encodePhoto(await plain(8_192, 2).png().toBuffer())).toBeInstanceOf(Uint8Array);
  // A few hundred bytes that would unpack to gigabytes.
  const bomb = await plain(16, 16).png().toBuffer();
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);
  await expect(encodePhoto(bomb)).rejects.toMatchObject(UNSUPPORTED);
});

test("refuses more bytes than a photo may have", async () => {
  const large = new Uint8Array(MAX_PHOTO_BYTES + 1);
  await expect(encodePhoto(large)).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
});
