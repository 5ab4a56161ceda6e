import { LABEL } from "@berth/spec/engine-names.ts";
import type { FleetEngine } from "../fleet/engine.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";

/** An engine by its name, and Docker's own command line at it. */
export type AtEngine = Pick<FleetEngine, "name" | "docker">;

/** A container as Docker's own command line shows it. */
interface SeenContainer {
  id: string;
  name: string;
  /** As `docker ps` names it: running, exited, created, paused… */
  state: string;
  uid: string;
}

/** All that bears Berth's labels on an engine, however it stands. */
export async function listOurs(engine: AtEngine): Promise<SeenContainer[]> {
  const format = `{{.ID}} {{.Names}} {{.State}} {{.Label "${LABEL.uid}"}}`;
  const lines = await engine.docker("ps", "-a", "--no-trunc", "--filter", `label=${LABEL.uid}`, "--format", format);
  return lines.split("\n").flatMap((line) => {
    const [id, name, state, uid] = line.split(" ");
    return id && name && state && uid ? [{ id, name, state, uid }] : [];
  });
}

/** Those of one container's, set aside ones included. */
export async function listOf(engine: AtEngine, { uid }: { uid: string }): Promise<SeenContainer[]> {
  return (await listOurs(engine)).filter((container) => container.uid === uid);
}

/** The one engine container that is `container` now; throws where there is none, or more than one. */
export async function theOneOf(engine: AtEngine, container: { uid: string; name: string }): Promise<SeenContainer> {
  const current = (await listOf(engine, container)).filter(({ name }) => !/-old-\d+$/.test(name));
  const [one, ...others] = current;
  if (!one || others.length > 0) throw new Error(`${container.name} is ${JSON.stringify(current)} on ${engine.name}`);
  return one;
}

/** Starts a container that is not Berth's, and answers its id. */
export async function runForeign(engine: AtEngine): Promise<string> {
  return (await engine.docker("run", "-d", "--name", "foreign", TEST_IMAGE, "sleep", "100000")).trim();
}

/** All that an engine tells of a container: equal where nobody touched it. */
export const fingerprint = (engine: AtEngine, id: string): Promise<string> => engine.docker("inspect", id);

/** Runs a shell command in a container by hand, and answers what it printed. */
export const runInside = (engine: AtEngine, { id }: { id: string }, command: string): Promise<string> =>
  engine.docker("exec", id, "sh", "-c", command);

/** Seconds since 1970, as its events are stamped. An engine of the fleet has this machine's clock. */
export const engineTime = (): number => Date.now() / 1_000;

/** Of what {@link actionsSince} tells: what changes a container. */
export const MUTATIONS = new Set(["create", "start", "stop", "kill", "unpause", "rename", "update", "destroy"]);

/** What was done to containers on an engine since `since` ({@link engineTime}), or to one of Berth's: `create`, `start`, `die`… */
export async function actionsSince(engine: AtEngine, since: number, of?: { uid: string }): Promise<string[]> {
  return (await timedActionsSince(engine, since, of)).map(({ action }) => action);
}

/** The same, each with when it was, by the engine's clock: ms since 1970. */
export async function timedActionsSince(
  engine: AtEngine,
  since: number,
  of?: { uid: string },
): Promise<{ action: string; ms: number }[]> {
  const range = ["--since", String(since), "--until", String(engineTime())];
  const filter = ["--filter", "type=container", ...(of ? ["--filter", `label=${LABEL.uid}=${of.uid}`] : [])];
  const told = await engine.docker("events", ...range, ...filter, "--format", "{{.TimeNano}} {{.Action}}");
  return told
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const at = line.indexOf(" ");
      return { action: line.slice(at + 1), ms: Math.round(Number(line.slice(0, at)) / 1e6) };
    });
}
