/** A day of the reader's calendar, `YYYY-MM-DD`, so many days before today. */
export function dayBefore(days: number, now: Date = new Date()): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

export const readersTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
