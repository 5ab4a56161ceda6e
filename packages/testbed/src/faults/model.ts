/** What must be true of one container once all is at rest, whatever happened on the way. */
export interface ModelContainer {
  uid: string;
  name: string;
  shouldRun: boolean;
  /** MiB */
  memory: number;
  gpus: number;
  /**
   * Its engine container when that was last looked for, which holds what its owner wrote: nothing but a hand may take it
   * away. Null where it had none, or a hand has removed it since.
   */
  engineId: string | null;
  /** How often a hand has removed one: each time, and once more, one may be made. */
  removals: number;
}

/** All that was asked for and done by hand, as plain data: it knows no engine, no time and no database. */
export class Model {
  readonly containers = new Map<number, ModelContainer>();

  create(containerId: number, wish: Omit<ModelContainer, "engineId" | "removals">): void {
    this.containers.set(containerId, { ...wish, engineId: null, removals: 0 });
  }

  start(containerId: number): void {
    this.get(containerId).shouldRun = true;
  }

  stop(containerId: number): void {
    this.get(containerId).shouldRun = false;
  }

  rename(containerId: number, name: string): void {
    this.get(containerId).name = name;
  }

  limit(containerId: number, memory: number): void {
    this.get(containerId).memory = memory;
  }

  delete(containerId: number): void {
    this.containers.delete(containerId);
  }

  /** It is on the engine now; null where it is not. Says what is wrong about that, or null. */
  see(containerId: number, engineId: string | null): string | null {
    const container = this.get(containerId);
    const before = container.engineId;
    container.engineId = engineId;
    if (before === null || before === engineId) return null;
    return `container ${containerId} was ${before}, and is ${engineId ?? "gone"}: no hand has removed it`;
  }

  removeByHand(containerId: number): void {
    const container = this.get(containerId);
    container.engineId = null;
    container.removals += 1;
  }

  /** GPUs that are taken once all is at rest: what does not run has given its own back. */
  get gpusTaken(): number {
    return [...this.containers.values()].reduce((sum, { shouldRun, gpus }) => sum + (shouldRun ? gpus : 0), 0);
  }

  get(containerId: number): ModelContainer {
    const container = this.containers.get(containerId);
    if (!container) throw new Error(`the model has no container ${containerId}`);
    return container;
  }
}
