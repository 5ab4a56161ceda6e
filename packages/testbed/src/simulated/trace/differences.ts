interface Difference {
  calls: RegExp;
  /** Where in an exchange. */
  paths: RegExp[];
  /** Why it may differ. */
  because: string;
}

/** All in which a simulated engine may differ from a recorded one, and one real engine from another. */
export const DIFFERENCES: readonly Difference[] = [];
