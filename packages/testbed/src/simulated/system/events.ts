import { DockerError } from "../docker-error.ts";
import { parseSince } from "../engine-time.ts";
import { type EngineEventMessage, eventLine } from "../event-log.ts";
import { type Call, matchesLabels, readFilters, type Reply } from "../http/call.ts";

const FILTERS = [
  "config",
  "container",
  "daemon",
  "event",
  "image",
  "label",
  "network",
  "node",
  "plugin",
  "scope",
  "secret",
  "service",
  "type",
  "volume",
];

/** `GET /events`: what is remembered since `since`, then what happens, until `until` or the client goes. */
export async function streamEvents(call: Call): Promise<Reply> {
  const { daemon, query } = call;
  const since = readTime(query.get("since"));
  const until = readTime(query.get("until"));
  const filters = readFilters({ ...call, query: knownFilters(query) }, FILTERS);
  const body = call.stream(200, { "Content-Type": "application/json" });
  const isOver = until !== null && until <= daemon.time.nowNs();
  const stop = isOver ? () => {} : daemon.events.listen((event) => tell(event));
  const tell = (event: EngineEventMessage): void => {
    if (until !== null && event.timeNano > until) return;
    if (matches(event, filters)) void body.write(eventLine(event));
  };
  // Who says only where to end wants all that is remembered.
  if (since !== null || until !== null) for (const event of daemon.events.since(since ?? 0n)) tell(event);
  if (!isOver) await untilOver(call, until);
  stop();
  body.end();
  return undefined;
}

/** Engines overlook filters of events that they do not know, where lists refuse them. */
function knownFilters(query: URLSearchParams): URLSearchParams {
  const text = query.get("filters");
  if (!text) return new URLSearchParams();
  const all: unknown = JSON.parse(text);
  const known = Object.entries(all ?? {}).filter(([name]) => FILTERS.includes(name));
  return new URLSearchParams({ filters: JSON.stringify(Object.fromEntries(known)) });
}

function untilOver({ daemon, client }: Call, until: bigint | null): Promise<void> {
  return new Promise((resolve) => {
    let cancel = (): void => {};
    if (until !== null) {
      const leftMs = Number((until - daemon.time.nowNs()) / 1_000_000n);
      cancel = daemon.options.clock.after(Math.max(0, leftMs), resolve);
    }
    client.addEventListener("abort", () => {
      cancel();
      resolve();
    });
    if (client.aborted) resolve();
  });
}

function readTime(text: string | null): bigint | null {
  if (!text) return null;
  const time = parseSince(text);
  if (time === null) throw new DockerError(500, `strconv.ParseInt: parsing "${text}": invalid syntax`);
  return time;
}

function matches(event: EngineEventMessage, filters: Map<string, string[]>): boolean {
  const { ID, Attributes } = event.Actor;
  const some = (name: string, test: (value: string) => boolean): boolean => {
    const values = filters.get(name);
    return !values || values.some(test);
  };
  const isOf = (type: EngineEventMessage["Type"]) => (wanted: string) =>
    event.Type === type && (ID.startsWith(wanted) || Attributes["name"] === wanted || Attributes["image"] === wanted);
  return (
    some("event", (action) => event.Action === action || event.Action.startsWith(`${action}: `)) &&
    some("type", (type) => event.Type === type) &&
    some("container", isOf("container")) &&
    some("volume", isOf("volume")) &&
    some("network", isOf("network")) &&
    some("image", (image) => Attributes["image"] === image || isOf("image")(image)) &&
    matchesLabels(filters.get("label"), Attributes)
  );
}
