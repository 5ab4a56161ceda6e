/**
 * The kinds of engine that a lab's servers run side by side. They differ in API version, and the containerd image store
 * (the default of new installations) in image ids and in the ways of commit and pull as well.
 */
export const ENGINE_GENERATIONS = ["20.10", "28.5", "28.5-containerd"] as const;
export type EngineGeneration = (typeof ENGINE_GENERATIONS)[number];

interface GenerationTraits {
  /** The Debian release whose `docker.io` package is this generation. */
  suite: string;
  /** How its version starts. */
  version: string;
  features: Record<string, boolean>;
}

export const GENERATION_TRAITS: Record<EngineGeneration, GenerationTraits> = {
  "20.10": { suite: "bookworm", version: "20.10", features: {} },
  "28.5": { suite: "forky", version: "28.5", features: { "containerd-snapshotter": false } },
  "28.5-containerd": { suite: "forky", version: "28.5", features: { "containerd-snapshotter": true } },
};
