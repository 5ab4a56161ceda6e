import { StringDecoder } from "node:string_decoder";
import { ProbeReading } from "@berth/spec/telemetry.ts";

/** Of a machine with 16 GPUs and hundreds of processes. */
const MAX_LINE_LENGTH = 128 * 1024;

/** Cuts a probe's output into readings. A line that is none, or is beyond all measure, is told to `onBad` and left out. */
export class ReadingLines {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onBad: (why: string) => void;
  #pending = "";
  /** The rest of a line that was too long. */
  #isSkipping = false;

  constructor(onBad: (why: string) => void) {
    this.#onBad = onBad;
  }

  push(chunk: Uint8Array): ProbeReading[] {
    const readings: ProbeReading[] = [];
    const lines = (this.#pending + this.#decoder.write(Buffer.from(chunk))).split("\n");
    this.#pending = lines.pop() ?? "";
    for (const line of lines) {
      if (this.#isSkipping) this.#isSkipping = false;
      else this.#read(line, readings);
    }
    if (this.#pending.length > MAX_LINE_LENGTH) {
      if (!this.#isSkipping) this.#onBad(`a line of more than ${MAX_LINE_LENGTH} characters`);
      this.#isSkipping = true;
      this.#pending = "";
    }
    return readings;
  }

  #read(line: string, readings: ProbeReading[]): void {
    if (line.trim() === "") return;
    if (line.length > MAX_LINE_LENGTH) return this.#onBad(`a line of more than ${MAX_LINE_LENGTH} characters`);
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return this.#onBad("a line that is not JSON");
    }
    const parsed = ProbeReading.safeParse(value);
    if (parsed.success) readings.push(parsed.data);
    else this.#onBad(`${parsed.error.issues[0]?.path.join(".") ?? ""}: ${parsed.error.issues[0]?.message ?? ""}`);
  }
}
