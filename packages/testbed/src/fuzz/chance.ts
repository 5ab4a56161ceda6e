import { seededRandom } from "../simulated/seeded-random.ts";

/** Decisions that are the same for the same seed. */
export interface Chance {
  /** True in about this share of cases, 0 to 1. */
  happens(share: number): boolean;
  /** A whole number of 0 to `below` - 1. */
  below(below: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

export function createChance(seed: number): Chance {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return {
    happens: (share) => random() < share,
    below,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
  };
}
