/** Linux signal numbers, as `kill` takes them: with or without SIG, in any case, or as a number. */
const SIGNALS: Record<string, number> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31,
};

export const SIGTERM = 15;
export const SIGKILL = 9;
export const SIGINT = 2;
export const SIGHUP = 1;
export const SIGWINCH = 28;

/** Signals that a process which does not ask for them never notices. */
const IGNORED_BY_DEFAULT = new Set([17, 18, 23, 28]);

/** Null where Docker answers "invalid signal". */
export function parseSignal(text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 64 ? Number(text) : null;
  return SIGNALS[text.toUpperCase().replace(/^SIG/, "")] ?? null;
}

export function endsByDefault(signal: number): boolean {
  return !IGNORED_BY_DEFAULT.has(signal);
}
