import { z } from "zod";

/** What is older is not kept. */
export const USAGE_KEPT_DAYS = 400;
const MOST_BUCKETS = 366;
/** Of an answer: those who held most. */
export const MOST_USAGE_USERS = 500;

export const UsageBucket = z.enum(["day", "week", "month"]);
export type UsageBucket = z.infer<typeof UsageBucket>;

const Day = z.iso.date();
const DAY_MS = 86_400_000;

/** As PostgreSQL and browsers both know it. An offset such as `+08:00` is none: they read it in opposite ways. */
const TimeZone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/, "A time zone's name, such as Asia/Shanghai.")
  .refine(isTimeZone, "There is no such time zone. Asia/Shanghai is one.");

/** Days are those of `time_zone`, both ends included; weeks begin on Monday. */
export const GpuHoursInput = z
  .strictObject({
    from: Day,
    to: Day,
    by: UsageBucket.default("day"),
    time_zone: TimeZone.default("UTC"),
  })
  .refine(({ from, to }) => from <= to, { path: ["to"], error: "It is before `from`." })
  .refine(({ from, to, by }) => daysOf(from, to) <= (by === "day" ? MOST_BUCKETS : USAGE_KEPT_DAYS), {
    path: ["from"],
    error: `At most ${MOST_BUCKETS} days by day, and ${USAGE_KEPT_DAYS} by week or month: that long it is kept.`,
  });
export type GpuHoursInput = z.infer<typeof GpuHoursInput>;

/** Hours that GPUs were held, computed on or not. Of one that n containers may share, each of them counts an nth. */
export const GpuHours = z.object({
  by: UsageBucket,
  time_zone: z.string(),
  /** The first day of each, in order. The first and the last one hold only what is within the range. */
  buckets: z.array(Day),
  /** Those who held most first. */
  users: z.array(
    z.object({
      user_id: z.int(),
      account: z.string(),
      /** The account is there no more. */
      deleted: z.boolean(),
      /** In the order of `buckets`. */
      hours: z.array(z.number()),
      total: z.number(),
    }),
  ),
  /** How many users held something and are not in the list, which has at most 500. */
  users_left_out: z.int(),
});
export type GpuHours = z.infer<typeof GpuHours>;

const daysOf = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
