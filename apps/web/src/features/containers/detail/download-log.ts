import { saveText } from "../../../lib/save-text.ts";
import { trpcClient } from "../../../lib/trpc.ts";

/** As much of the newest as the server gives at once. */
const TAIL = 5_000;

/** As a file, with all that a terminal would have understood. */
export async function downloadLog(container_id: number, name: string): Promise<void> {
  const { lines } = await trpcClient.container.logs.query({ container_id, tail: TAIL });
  saveText(lines.map((line) => `${line}\n`).join(""), `${name}.log`);
}
