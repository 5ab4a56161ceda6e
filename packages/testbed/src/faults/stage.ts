import type { Container } from "@berth/spec/container.ts";
import { createPool, type Pool } from "@berth/db/pool.ts";
import type { FleetEngine } from "../fleet/engine.ts";
import { startFleet, type Fleet, type FleetRequest } from "../fleet/start-fleet.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import { startApiServer, type ApiServer } from "../scenario/api-server.ts";
import {
  startReconcilerProcess,
  type ReconcilerProcess,
  type ReconcilerProcessOptions,
} from "../scenario/reconciler-process.ts";

/** Generous: a test's machine may be busy with others. What is measured is asserted apart. */
const PATIENCE_MS = 60_000;
/** The name under which {@link TEST_IMAGE} is offered. */
const IMAGE = "public/busybox:latest";

type CreateOptions = Partial<Parameters<ApiServer["admin"]["container"]["create"]["mutate"]>[0]>;

export interface StageMachine {
  machine_id: string;
  engine: FleetEngine;
}

/** All of Berth on engines of a test's own: a database, the API, its machines, and as many reconcilers as are started. */
export class Stage {
  readonly fleet: Fleet;
  api: ApiServer;
  /** Straight to the database, for what the API does not show. */
  pool: Pool;
  readonly machines: StageMachine[] = [];
  #databaseUrl: string;
  readonly #reconcilers: ReconcilerProcess[] = [];

  private constructor(fleet: Fleet, api: ApiServer, databaseUrl: string) {
    this.fleet = fleet;
    this.api = api;
    this.#databaseUrl = databaseUrl;
    this.pool = openPool(databaseUrl);
  }

  /** `databaseUrl` is of a migrated, empty database; whoever made it removes it. */
  static async set(databaseUrl: string, request: FleetRequest): Promise<Stage> {
    const [fleet, api] = await Promise.all([startFleet(request), startApiServer({ databaseUrl })]);
    const stage = new Stage(fleet, api, databaseUrl);
    for (const engine of fleet.engines) {
      const { machine_id } = await api.admin.machine.add.mutate({
        url: engine.url,
        tls: engine.tls,
        name: engine.name,
      });
      stage.machines.push({ machine_id, engine });
    }
    await api.admin.image.add.mutate({ name: IMAGE, reference: TEST_IMAGE });
    return stage;
  }

  async startReconciler(
    options: Omit<ReconcilerProcessOptions, "databaseUrl" | "secretKey"> = {},
  ): Promise<ReconcilerProcess> {
    const reconciler = await startReconcilerProcess({
      databaseUrl: this.#databaseUrl,
      secretKey: this.api.secret_key,
      logLevel: "debug",
      ...options,
    });
    this.#reconcilers.push(reconciler);
    return reconciler;
  }

  machine(name: string): StageMachine {
    const machine = this.machines.find(({ engine }) => engine.name === name);
    if (!machine) throw new Error(`no machine ${name} on this stage`);
    return machine;
  }

  /** Records a container that sleeps, unless `options` say otherwise. */
  create(name: string, { machine_id }: StageMachine, options: CreateOptions = {}): Promise<Container> {
    return this.api.admin.container.create.mutate({
      name,
      ...(options.image_id === undefined && { image: IMAGE }),
      machine_id,
      command: ["sleep", "100000"],
      tty: false,
      ...options,
    });
  }

  get({ container_id }: Pick<Container, "container_id">): Promise<Container> {
    return this.api.admin.container.get.query({ container_id });
  }

  /** Waits until the API shows the container so, and answers it. */
  async see(
    container: Pick<Container, "container_id">,
    what: string,
    isSo: (container: Container) => boolean,
    timeoutMs = PATIENCE_MS,
  ): Promise<Container> {
    let seen = await this.get(container);
    const look = async (): Promise<boolean> => {
      seen = await this.get(container);
      return isSo(seen);
    };
    await this.until(what, look, timeoutMs).catch((error: Error) => {
      throw new Error(`${error.message}\nit is ${JSON.stringify(seen, null, 1)}`, { cause: error });
    });
    return seen;
  }

  /** Waits until what was asked for last is observed, and the container runs. */
  seeRunning(container: Pick<Container, "container_id">, timeoutMs?: number): Promise<Container> {
    const isSo = (seen: Container): boolean => isObserved(seen) && seen.phase === "Running" && seen.status;
    return this.see(container, "the container to run", isSo, timeoutMs);
  }

  seeStopped(container: Pick<Container, "container_id">, timeoutMs?: number): Promise<Container> {
    const isSo = (seen: Container): boolean => isObserved(seen) && seen.phase === "Stopped" && !seen.status;
    return this.see(container, "the container to stop", isSo, timeoutMs);
  }

  async seeGone({ container_id }: Pick<Container, "container_id">, timeoutMs = PATIENCE_MS): Promise<void> {
    const isGone = async (): Promise<boolean> => {
      const { rowCount } = await this.pool.query("SELECT 1 FROM containers WHERE container_id = $1", [container_id]);
      return rowCount === 0;
    };
    await this.until(`container ${container_id} to be gone`, isGone, timeoutMs);
  }

  /** All, or these, and waits until they are gone: the next test may use their names again. Needs a reconciler. */
  async deleteContainers(only?: readonly Pick<Container, "container_id">[]): Promise<void> {
    const asked = only ?? (await this.api.admin.container.list.query({ scope: "all", limit: 500 })).items;
    await Promise.all(
      asked.map(async ({ container_id }) => {
        await this.api.admin.container.delete.mutate({ container_id });
        await this.seeGone({ container_id });
      }),
    );
  }

  #lastWords(): string {
    return this.#reconcilers.map(({ pid, log }) => [`reconciler ${pid}:`, ...log.slice(-25)].join("\n")).join("\n");
  }

  /** Resolves with how a reconciler ended that is about to. */
  async seeEnd(reconciler: ReconcilerProcess): Promise<number | string> {
    let how: number | string | null = null;
    void reconciler.exited.then((end) => (how = end));
    await this.until("the reconciler to end", () => how !== null);
    return reconciler.exited;
  }

  /** Waits for a condition; where that is in vain, the error holds the end of what the reconcilers said. */
  async until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = PATIENCE_MS): Promise<void> {
    await waitUntil(what, timeoutMs, condition).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.#lastWords()}`, { cause: error });
    });
  }

  /** Ends those that still run. */
  async killReconcilers(): Promise<void> {
    const all = this.#reconcilers.splice(0);
    for (const reconciler of all) reconciler.kill("SIGKILL");
    await Promise.all(all.map(({ exited }) => exited));
  }

  /** Ends all but the engines, does `work`, and starts the API again over `databaseUrl`. The reconcilers stay ended. */
  async whileAway(work: () => Promise<unknown>, databaseUrl = this.#databaseUrl): Promise<void> {
    await Promise.all([this.killReconcilers(), this.api.stop(), this.pool.end()]);
    await work();
    this.#databaseUrl = databaseUrl;
    this.pool = openPool(databaseUrl);
    this.api = await startApiServer({ databaseUrl, secretKey: this.api.secret_key });
  }

  /** Goes on with another database, as after a restore. */
  moveTo(databaseUrl: string): Promise<void> {
    return this.whileAway(async () => {}, databaseUrl);
  }

  /** Ends everything but the database. */
  async strike(): Promise<void> {
    await this.killReconcilers();
    await this.pool.end();
    await this.api.stop();
    await this.fleet.close();
  }
}

/** A test may stop the database under it: then the next query says so. */
const openPool = (databaseUrl: string): Pool =>
  createPool(databaseUrl, { max: 2, applicationName: "berth-test", onError: () => {} });

const isObserved = ({ generation, observed_generation }: Container): boolean => observed_generation === generation;
