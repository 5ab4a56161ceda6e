import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { EngineError } from "@berth/docker/engine.ts";
import type { Container } from "@berth/spec/container.ts";
import type { Image } from "@berth/spec/image.ts";
import { expect, vi } from "vitest";
import type { FleetRequest } from "../fleet/start-fleet.ts";
import { digestOnRegistry } from "../registry/digest-on-registry.ts";
import { type HeldWire, startHeldWire } from "../registry/held-wire.ts";
import { recordRegistry } from "../scenario/record-registry.ts";
import type { ReconcilerProcess } from "../scenario/reconciler-process.ts";
import { WatchedImage } from "../scenario/watched-image.ts";
import { expectConsistent } from "./consistency.ts";
import { listOurs, runInside, theOneOf } from "./on-engine.ts";
import { Stage, type StageMachine } from "./stage.ts";

/** A save whose engine's answer was lost is waited for for half a minute, and this machine may be busy with others. */
export const PATIENCE_MS = 120_000;

/** Berth with one machine, which reaches the registry by way of `wire`; Berth's own calls go by way of `back`. */
export class ImageScene {
  readonly stage: Stage;
  readonly machine: StageMachine;
  readonly wire: HeldWire;
  readonly back: HeldWire;
  #living: ReconcilerProcess | null = null;

  private constructor(stage: Stage, machine: StageMachine, wires: [HeldWire, HeldWire]) {
    this.stage = stage;
    this.machine = machine;
    [this.wire, this.back] = wires;
  }

  /** `databaseUrl` is of a migrated, empty database; whoever made it removes it. */
  static async open(databaseUrl: string, engine: FleetRequest["engines"][number]): Promise<ImageScene> {
    const stage = await Stage.set(databaseUrl, { engines: [engine] });
    const machine = stage.machine(engine.name);
    const { address } = stage.fleet.registry;
    const wires = await Promise.all([startHeldWire(address), startHeldWire(address)]);
    const scene = new ImageScene(stage, machine, wires);
    await recordRegistry(stage.pool, { address: scene.wire.address, reached_at: scene.back.address });
    await stage.api.admin.machine.update.mutate({ machine_id: machine.machine_id, is_builder: true });
    return scene;
  }

  /** Whatever waits on the wires passes. */
  release(): void {
    this.wire.release();
    this.back.release();
  }

  async live(): Promise<ReconcilerProcess> {
    return (this.#living ??= await this.stage.startReconciler());
  }

  /** None runs any more: ended as an admin would, or at once. */
  async die(how: "SIGTERM" | "SIGKILL"): Promise<void> {
    const living = this.#living;
    this.#living = null;
    living?.kill(how);
    await living?.exited;
  }

  async close(): Promise<void> {
    this.release();
    await this.stage.strike();
    await Promise.all([this.wire.close(), this.back.close()]);
  }

  newName(): string {
    return `i-${randomBytes(4).toString("hex")}`;
  }

  /** A container that runs, with so many MB in it that can be squeezed to nothing, and so many that can't. */
  async runWith({ zeros = 0, noise = 1 }: { zeros?: number; noise?: number } = {}): Promise<Container> {
    const container = await this.stage.seeRunning(await this.stage.create(this.newName(), this.machine));
    const write = `dd if=/dev/zero of=/zeros bs=1M count=${zeros}; dd if=/dev/urandom of=/kept bs=1M count=${noise}`;
    await this.#inside(container, `(${write}) 2> /dev/null`);
    return container;
  }

  create({ image_id }: WatchedImage): Promise<Container> {
    return this.stage.create(this.newName(), this.machine, { image_id });
  }

  /** False where a container was made of it first, which keeps it. */
  async removeAsSoonAsPulled(reference: string): Promise<boolean> {
    const engine = connectEngine({ kind: "unix", path: this.machine.engine.socket_path });
    const deadline = performance.now() + PATIENCE_MS;
    try {
      while (performance.now() < deadline) {
        try {
          await engine.removeImage(reference);
          return true;
        } catch (error) {
          if (!(error instanceof EngineError)) throw error;
          if (error.kind === "conflict") return false;
          if (error.kind !== "not_found") throw error;
        }
      }
      throw new Error(`${reference} was not pulled`);
    } finally {
      engine.close();
    }
  }

  async save(container: Container): Promise<WatchedImage> {
    const { container_id } = container;
    return this.watch(await this.stage.api.admin.container.save.mutate({ container_id, name: `${this.newName()}:1` }));
  }

  /** Its one step runs for so many seconds. */
  async build(seconds: number): Promise<WatchedImage> {
    const dockerfile = `FROM public/busybox:latest\nRUN echo built > /kept && sleep ${seconds}\n`;
    return this.watch(
      await this.stage.api.admin.image.build.mutate({ name: `public/${this.newName()}:1`, dockerfile }),
    );
  }

  watch(image: Image): WatchedImage {
    return new WatchedImage(this.stage.api.admin, image);
  }

  /** As `docker ps -a` tells it. */
  async stateOf(container: Container): Promise<string> {
    return (await theOneOf(this.machine.engine, container)).state;
  }

  /** Of /kept, in a container. */
  sumIn(container: Container): Promise<string> {
    return this.#inside(container, "md5sum /kept");
  }

  async #inside(container: Container, command: string): Promise<string> {
    const { engine } = this.machine;
    return runInside(engine, await theOneOf(engine, container), command);
  }

  /** How many commits, builds or pulls were begun for it. */
  async attemptsOf({ image_id }: WatchedImage): Promise<number> {
    const { rows } = await this.stage.pool.query<{ attempt: number }>(
      "SELECT attempt FROM image_status WHERE image_id = $1",
      [image_id],
    );
    return rows[0]?.attempt ?? 0;
  }

  /** How many layers of it the registry's disk has whole. */
  layersOnDisk(name: string): number {
    const root = join(this.stage.fleet.directory.path, "registry/docker/registry/v2/repositories");
    const layers = join(root, name.split(":")[0] ?? "", "_layers/sha256");
    return existsSync(layers) ? readdirSync(layers).length : 0;
  }

  /** What the registry has under this name. */
  digestOf(name: string): Promise<string | null> {
    return digestOnRegistry(this.stage.fleet.registry.address, name);
  }

  /**
   * Nothing is on the engine or in the database that was only needed to make this image, or that nobody can name; and its
   * containers are as the database says.
   */
  async expectNothingLeft({ image_id }: { image_id: number }): Promise<void> {
    const { engine } = this.machine;
    const look = async (): Promise<void> => {
      const format = ["--format", "{{.Repository}}:{{.Tag}} {{.ID}}"];
      const lines = async (...args: string[]): Promise<string[]> =>
        (await engine.docker(...args)).split("\n").filter((line) => line !== "");
      const [tagged, dangling, containers, ours] = await Promise.all([
        lines("images", ...format),
        lines("images", "--filter", "dangling=true", ...format),
        lines("ps", "-a", "--no-trunc", "--format", "{{.ID}}"),
        listOurs(engine),
      ]);
      // What was pulled by digest alone has a name, and counts as dangling nevertheless.
      const nameless = dangling.filter((line) => line.startsWith("<none>")).map((line) => line.split(" ")[1] ?? "");
      const history = ["history", "--no-trunc", "--format", "{{.CreatedAt}} {{.CreatedBy}}"];
      const { rows: operations } = await this.stage.pool.query("SELECT * FROM operations");
      expect({
        workshop: tagged.filter((line) => new RegExp(`^berth\\.invalid/.*:${image_id}-`).test(line)),
        // With how each came to be, for whoever has to find out why it is there.
        dangling: await Promise.all(nameless.map(async (id) => [id, ...(await lines(...history, id))])),
        strangers: containers.filter((id) => ours.every((one) => one.id !== id)),
        operations,
      }).toEqual({ workshop: [], dangling: [], strangers: [], operations: [] });
    };
    await vi.waitFor(look, { timeout: 30_000, interval: 200 });
    await expectConsistent(this.stage);
  }
}
