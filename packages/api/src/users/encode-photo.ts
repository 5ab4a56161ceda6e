import { DomainError } from "@berth/spec/error-code.ts";
import { MAX_PHOTO_BYTES } from "@berth/spec/user.ts";
import sharp, { type Sharp } from "sharp";
import { createSlots } from "./slots.ts";

const MAX_SIDE = 8_192;
const SIDE = 256;
/** A decoder that takes longer was given something made to take long. */
const DEADLINE_S = 30;

/** A picture of the largest size takes some 256 MiB while it is decoded. */
const decoding = createSlots({ atOnce: 2, waiting: 20 });

/** What begins a file of each format that is taken: libvips itself would try many more, SVG and PDF among them. */
const SIGNATURES: Record<string, (bytes: Buffer) => boolean> = {
  png: (bytes) => bytes.subarray(0, 8).equals(Buffer.from("89504e470d0a1a0a", "hex")),
  jpeg: (bytes) => bytes.subarray(0, 3).equals(Buffer.from("ffd8ff", "hex")),
  gif: (bytes) => /^GIF8[79]a$/.test(bytes.toString("latin1", 0, 6)),
  webp: (bytes) => bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WEBP",
};

/**
 * A PNG, JPEG, WebP or GIF (its first frame) as a square WebP, upright, and without anything that it told beside the
 * picture. UNSUPPORTED_MEDIA_TYPE for what is none of these, is broken, or is larger than 8,192 pixels a side;
 * PAYLOAD_TOO_LARGE for more than {@link MAX_PHOTO_BYTES}; UNAVAILABLE where too many are waiting.
 */
export async function encodePhoto(photo: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  if (photo.byteLength > MAX_PHOTO_BYTES) {
    throw new DomainError("PAYLOAD_TOO_LARGE", `A photo has at most ${MAX_PHOTO_BYTES / 1024 ** 2} MiB.`);
  }
  const bytes = Buffer.from(photo.buffer, photo.byteOffset, photo.byteLength);
  const format = Object.keys(SIGNATURES).find((name) => SIGNATURES[name]?.(bytes));
  if (format === undefined) throw unsupported("This is no PNG, JPEG, WebP or GIF picture.");
  return decoding(async () => {
    const { picture, size } = await open(bytes, format);
    if (size > MAX_SIDE) throw unsupported(`A photo has at most ${MAX_SIDE} pixels a side, and this one has ${size}.`);
    const encoded = picture
      .timeout({ seconds: DEADLINE_S })
      .autoOrient()
      .resize(SIDE, SIDE, { fit: "cover" })
      .webp({ quality: 85 });
    return new Uint8Array(await readable(encoded.toBuffer()));
  });
}

async function open(bytes: Buffer, format: string): Promise<{ picture: Sharp; size: number }> {
  const picture = sharp(bytes, { limitInputPixels: MAX_SIDE * MAX_SIDE, pages: 1, failOn: "error" });
  const metadata = await readable(picture.metadata());
  if (metadata.format !== format) throw unsupported("This picture is not what it begins as.");
  return { picture, size: Math.max(metadata.width, metadata.height) };
}

/** What libvips can't read is the picture's fault: it was given nothing else. */
async function readable<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error) throw unsupported("This picture is broken, or too large: it can't be read.");
    throw error;
  }
}

const unsupported = (message: string): DomainError => new DomainError("UNSUPPORTED_MEDIA_TYPE", message);
