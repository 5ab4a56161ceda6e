import { z } from "zod";
import { EngineError, type EngineEvent, type EventOptions } from "../engine.ts";
import { bodyChunks } from "../transport/body.ts";
import { decode, type EngineLink } from "../transport/engine-link.ts";
import { type NdjsonValue, ndjsonValues } from "../wire/ndjson.ts";

const HEAD_MS = 10_000;

const EventLine = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({
    ID: z.string().default(""),
    Attributes: z.record(z.string(), z.string()).nullish(),
  }),
  time: z.int().default(0),
});

export async function* engineEvents(
  link: EngineLink,
  { labels, sinceS, signal, connected }: EventOptions,
): AsyncGenerator<EngineEvent, void, void> {
  const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const parameters = { filters: { label }, ...(sinceS === undefined ? {} : { since: sinceS }) };
  const { response, scope } = await link.open((docker) => docker.getEvents(parameters), signal, HEAD_MS);
  try {
    scope.pause(); // an engine where nothing happens sends nothing
    connected?.();
    for await (const line of ndjsonValues(bodyChunks(response, scope))) {
      if (scope.interruption) throw scope.error(true);
      yield toEvent(line);
    }
    throw new EngineError("unreachable", "The Docker engine ended its event stream.");
  } finally {
    response.destroy();
    scope.end();
  }
}

function toEvent({ value, line }: NdjsonValue): EngineEvent {
  const event = decode(EventLine, value);
  return {
    type: event.Type,
    action: event.Action,
    actor_id: event.Actor.ID,
    attributes: event.Actor.Attributes ?? {},
    time_ns: timeIn(line) ?? BigInt(event.time) * 1_000_000_000n,
  };
}

/** Nanoseconds since 1970 are more than a double holds. In a JSON string the quotes of this pattern would be escaped. */
function timeIn(line: string): bigint | null {
  const match = /"timeNano":\s*(\d{1,19})/.exec(line);
  return match?.[1] ? BigInt(match[1]) : null;
}
