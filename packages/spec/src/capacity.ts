import { z } from "zod";

/** One entry a socket. */
export const Cpu = z.object({ type: z.string(), cores: z.int() });
export type Cpu = z.infer<typeof Cpu>;

/** MiB. */
export const Capacity = z.object({ total: z.int(), free: z.int().nullable() });
export type Capacity = z.infer<typeof Capacity>;
