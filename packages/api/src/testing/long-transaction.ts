/**
 * For a test's own `$transaction` that holds a lock until others wait for it: on a slow machine it may take them long to
 * begin, and Prisma's own limits (2 s for a connection, 5 s for all that is done) would end it before. They only keep it
 * from hanging.
 */
export const LONG_TRANSACTION = { maxWait: 30_000, timeout: 30_000 };
