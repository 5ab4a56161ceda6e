import { defineConfig } from "vitest/config";

const ALL = ["{apps,packages}/*/src/**/*.test.{ts,tsx}", "scripts/**/*.test.ts"];
const DB = ["{apps,packages}/*/src/**/*.db.test.ts"];
const ENGINES = ["{apps,packages}/*/src/**/*.engine.test.ts"];

/** Files at a time. Half of the time they wait for PostgreSQL or a browser, or most of it for engines, of which each has a fleet. */
const maxWorkers = Number(process.env["BERTH_TEST_WORKERS"] ?? 2);

/** How long a test, its hooks, and what it waits for may take. */
const patience = (testMs: number, hookMs: number, waitMs: number) => ({
  testTimeout: testMs,
  hookTimeout: hookMs,
  expect: { poll: { timeout: waitMs } },
  // For `vi.waitFor`.
  provide: { patienceMs: waitMs },
  setupFiles: ["packages/testbed/src/patient-waits.ts"],
});
/** A machine that tests several files may be busy with another. What must be quick is asserted where it is meant. */
const PATIENT = patience(120_000, 180_000, 20_000);

const POSTGRES = "packages/testbed/src/postgres/global-setup.ts";
const FLEET = "packages/testbed/src/fleet/global-setup.ts";

export default defineConfig({
  test: {
    projects: [
      {
        test: { name: "unit", include: ALL, exclude: [...DB, ...ENGINES], ...patience(20_000, 60_000, 15_000) },
      },
      {
        test: {
          name: "db",
          include: DB,
          maxWorkers,
          globalSetup: [POSTGRES],
          ...PATIENT,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "engines",
          include: ENGINES,
          globalSetup: [POSTGRES, FLEET],
          ...PATIENT,
          maxWorkers,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
