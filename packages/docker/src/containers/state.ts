import { z } from "zod";

/** The words of `State` in a list and of `State.Status` in an inspection. */
export const ContainerState = z.enum(["created", "running", "paused", "restarting", "removing", "exited", "dead"]);

/** Docker sends null for an empty map. */
export const Labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((labels) => labels ?? {});

/** Docker's zero time means never. */
export const Moment = z
  .string()
  .nullish()
  .transform((moment) => (!moment || moment.startsWith("0001-01-01") ? null : moment));

/** The answer of a call that answers nothing, or nothing of interest. */
export const Nothing = z.unknown().transform((): void => undefined);

export const Created = z.object({ Id: z.string().regex(/^[a-f0-9]{12,64}$/) });
