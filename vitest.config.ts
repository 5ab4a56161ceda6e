import { defineConfig } from "vitest/config";

const ALL = ["{apps,packages}/*/src/**/*.test.{ts,tsx}", "scripts/**/*.test.ts"];
const DB = ["{apps,packages}/*/src/**/*.db.test.ts"];
const ENGINES = ["{apps,packages}/*/src/**/*.engine.test.ts"];

/** Files at a time. Half of the time they wait for PostgreSQL or a browser, or most of it for engines, of which each has a fleet. */
const maxWorkers = Number(process.env["BERTH_TEST_WORKERS"] ?? 2);

/** A machine that tests several files may be busy with another. What must be quick is asserted where it is meant. */
const PATIENT = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 20_000 } } };

const POSTGRES = "packages/testbed/src/postgres/global-setup.ts";
const FLEET = "packages/testbed/src/fleet/global-setup.ts";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ALL, exclude: [...DB, ...ENGINES], testTimeout: 20_000 } },
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
