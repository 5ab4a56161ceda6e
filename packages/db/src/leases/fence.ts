/** What makes a write of this holder valid: a later holder of the shard has a higher epoch. */
export interface Fence {
  shard: number;
  holder: string;
  epoch: bigint;
}
