import { ODD_TEXTS } from "./odd-values.ts";
import { makeValue, type Schema, type ValueMaker } from "./make-value.ts";

/** The smallest PNG: one transparent pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

/** A Dockerfile that starts from an image of somebody else's, as tar.gz. */
const FILES = Buffer.from(
  "H4sIAAAAAAAAA3PJT85OLUrLzElloBkwMDAwMzFRANEGBgbotIGBgaGZgqGpoZGpmbGRmYmpgoGhoZERSD3tnIQApcUliUUMBhTbhe65IQLcgvx9FZJKiyuT8iusDAfaNaNgFIyCUTAK6AUANCZ4/wAIAAA=",
  "base64",
);

/** An upload: of a picture or of files, of what only seems to be that, or in a form that is none. */
export function makeMultipart(maker: ValueMaker, schema: Schema, headers: Record<string, string>): Buffer {
  const { chance } = maker;
  const boundary = chance.pick(["----x", "b", "-".repeat(70)]);
  headers["content-type"] = chance.happens(0.95)
    ? `multipart/form-data; boundary=${boundary}`
    : chance.pick(["multipart/form-data", "multipart/form-data; boundary=", "image/png"]);
  if (chance.happens(0.2)) headers["user_id"] = String(makeValue(maker, { type: "integer" }, "user_id"));
  if (chance.happens(0.2)) headers["account"] = String(makeValue(maker, { type: "string" }, "account"));

  const { properties = {} } = schema;
  const field = Object.keys(properties).find((name) => properties[name]?.format === "binary") ?? "photo";
  const files = [
    ...(field === "photo" ? [PNG, PNG, PNG] : [FILES, FILES, FILES]),
    PNG.subarray(0, 30),
    FILES.subarray(0, 60),
    Buffer.concat([PNG.subarray(0, 20), Buffer.from([0xff, 0xff, 0xff, 0xff]), PNG.subarray(24)]),
    Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
    Buffer.from("GIF89a\xff\xff\xff\xff", "latin1"),
    Buffer.from("RIFF\xff\xff\xff\xffWEBPVP8L", "latin1"),
    Buffer.alloc(0),
    Buffer.alloc(chance.happens(0.05) ? 6 * 1024 * 1024 : 1_000, 0xd8),
  ];
  const names = [field, field, field, "other", "", "__proto__", `${field}[]`];
  const parts: Buffer[] = Array.from({ length: chance.happens(0.85) ? 1 : chance.below(30) }, () => {
    const name = chance.pick(names);
    const filename = chance.pick(['; filename="a.png"', '; filename="../../x"', "", `; filename="${"f".repeat(500)}"`]);
    return Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename}\r\n`),
      Buffer.from(chance.pick(["Content-Type: image/png\r\n", "Content-Type: text/html\r\n", "", "X\r\n"])),
      Buffer.from("\r\n"),
      chance.pick(files),
      Buffer.from("\r\n"),
    ]);
  });
  if (field !== "photo" && chance.happens(0.5)) parts.length = 0;
  parts.push(...makeTexts(maker, schema, field, boundary));
  const end = Buffer.from(
    chance.happens(0.9) ? `--${boundary}--\r\n` : chance.pick(["", `--${boundary}`, "--wrong--"]),
  );
  return Buffer.concat([...parts, end]);
}

/** Its other fields, as a form has them. */
function makeTexts(
  maker: ValueMaker,
  { properties = {}, required = [] }: Schema,
  field: string,
  boundary: string,
): Buffer[] {
  const { chance } = maker;
  return Object.entries(properties).flatMap(([name, schema]) => {
    if (name === field || !chance.happens(required.includes(name) ? 0.97 : 0.3)) return [];
    const value = chance.happens(0.1) ? chance.pick(ODD_TEXTS) : makeValue(maker, schema, name);
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
    return [Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`)];
  });
}
