import { randomBytes } from "node:crypto";
import type { BerthClient } from "@berth/api/client.ts";
import type { CreateContainerInput } from "@berth/spec/container.ts";
import type { z } from "zod";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import type { Berth } from "./berth.ts";
import type { ScenarioEngine } from "./scenario-engine.ts";
import { WatchedContainer } from "./watched-container.ts";

export type Wish = Partial<z.input<typeof CreateContainerInput>>;

/** One engine as a machine of a Berth. */
export class Scene {
  readonly berth: Berth;
  readonly engine: ScenarioEngine;
  readonly machine_id: string;
  #made: WatchedContainer[] = [];

  constructor(berth: Berth, engine: ScenarioEngine, machineId: string) {
    this.berth = berth;
    this.engine = engine;
    this.machine_id = machineId;
  }

  /** Adds the engine's machine, and the test image. */
  static async open(berth: Berth, engine: ScenarioEngine): Promise<Scene> {
    const { machine_id } = await berth.admin.machine.add.mutate({ ...engine.endpoint, name: engine.name });
    const scene = new Scene(berth, engine, machine_id);
    const { items } = await berth.admin.image.list.query({});
    if (items.length === 0) await berth.admin.image.add.mutate({ name: BUSYBOX, reference: TEST_IMAGE });
    return scene;
  }

  /** A container of the admin's, or of `owner`'s, that sleeps unless `wish` says otherwise. */
  async create(wish: Wish = {}, owner: BerthClient = this.berth.admin): Promise<WatchedContainer> {
    const image = wish.image_id === undefined ? { image: BUSYBOX } : {};
    const created = await owner.container.create.mutate({
      name: `c-${randomBytes(4).toString("hex")}`,
      machine_id: this.machine_id,
      command: ["sleep", "1000"],
      ...image,
      ...wish,
    });
    const container = new WatchedContainer(owner, this.engine, created);
    this.#made.push(container);
    return container;
  }

  /** The same, up. */
  async run(wish: Wish = {}, owner?: BerthClient): Promise<WatchedContainer> {
    const container = await this.create(wish, owner);
    await container.reaches("Running");
    return container;
  }

  /** What was made here since this was asked last. */
  takeMade(): WatchedContainer[] {
    return this.#made.splice(0);
  }

  /** A public image under a name of its own. Returns its id. */
  async addImage(reference: string): Promise<number> {
    const name = `public/image-${randomBytes(4).toString("hex")}:latest`;
    return (await this.berth.admin.image.add.mutate({ name, reference })).image_id;
  }

  /** Pushes the test image as `repository` to the engine's registry; the engine then has it under no such name. */
  async publish(repository: string): Promise<string> {
    const reference = `${this.engine.registry}/${repository}:latest`;
    await this.engine.docker("tag", TEST_IMAGE, reference);
    await this.engine.docker("push", "--quiet", reference);
    await this.engine.docker("rmi", reference);
    return reference;
  }
}

/** As Berth names the test image. */
const BUSYBOX = "public/busybox:latest";
