import type { Image } from "@berth/spec/image.ts";
import { z } from "zod";
import { detailsOf } from "../../../lib/failure-details.ts";
import { sendUpload } from "../../../lib/send-upload.ts";

/** The text fields of `POST /api/images/build`; objects are JSON. */
export type BuildFields = Record<string, string>;

interface BuildOptions extends Required<NonNullable<Parameters<typeof sendUpload>[1]>> {
  context: { content: Blob; name: string } | null;
}

/** Throws as {@link sendUpload} does. */
export async function sendBuild(fields: BuildFields, { context, ...options }: BuildOptions): Promise<Image> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  if (context) body.append("context", context.content, context.name);
  return (await sendUpload({ method: "POST", path: "/api/images/build", body }, options)) as Image;
}

const AtLine = z.object({ line: z.number() });

/** The line of the Dockerfile that a refusal names; null where it names none. */
export const refusedLineOf = (error: unknown): number | null => AtLine.safeParse(detailsOf(error)).data?.line ?? null;
