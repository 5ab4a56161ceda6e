import { defineConfig } from "vitest/config";

const ALL = ["{apps,packages}/*/src/**/*.test.{ts,tsx}", "scripts/**/*.test.ts"];
const DB = ["{apps,packages}/*/src/**/*.db.test.ts"];
const ENGINES = ["{apps,packages}/*/src/**/*.engine.test.ts"];

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
          maxWorkers: 2, // half of the time they wait for PostgreSQL or a browser
          globalSetup: [POSTGRES],
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "engines",
          include: ENGINES,
          globalSetup: [POSTGRES, FLEET],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2, // most of the time they wait for engines; each has a fleet of its own
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
