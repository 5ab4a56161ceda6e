import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

const RESTRICTED_IMPORT = "eslint(no-restricted-imports)";
const CYCLE = "import(no-cycle)";

/** A file, and the rule that must refuse it; null where it must pass. */
interface Sample {
  file: string;
  source: string;
  rule: string | null;
}

const importing = (file: string, from: string, rule: string | null = RESTRICTED_IMPORT): Sample => {
  return { file, source: `import { x } from "${from}";\nexport const y = x;\n`, rule };
};

const SAMPLES: Record<string, Sample[]> = {
  "a package imports only the packages that it may": [
    importing("packages/spec/src/a.ts", "zod", null),
    importing("packages/spec/src/b.ts", "@berth/db/client.ts"),
    importing("packages/spec/src/c.ts", "node:fs"),
    importing("packages/db/src/a.ts", "@berth/spec/container.ts", null),
    importing("packages/db/src/b.ts", "@berth/docker/engine.ts"),
    importing("packages/docker/src/a.ts", "@berth/db/client.ts"),
    importing("packages/api/src/a.ts", "@berth/docker/engine.ts", null),
    importing("packages/api/src/containers/b.ts", "@berth/testbed/fleet/start-fleet.ts"),
    importing("apps/server/src/a.ts", "@berth/api/router.ts", null),
    importing("apps/server/src/b.ts", "@berth/reconciler/main.ts"),
    importing("apps/server/src/c.ts", "@berth/testbed/fleet/start-fleet.ts"),
    importing("apps/registry/src/a.ts", "@berth/docker/engine.ts", null),
    importing("apps/registry/src/b.ts", "@berth/api/router.ts"),
  ],
  "only tests import the testbed": [
    importing("packages/api/src/a.db.test.ts", "@berth/testbed/postgres/test-database.ts", null),
    importing("apps/reconciler/src/a.engine.test.ts", "@berth/testbed/fleet/start-fleet.ts", null),
  ],
  "the reconciler never imports the API": [
    importing("apps/reconciler/src/a.ts", "@berth/api/router.ts"),
    importing("apps/reconciler/src/containers/a.ts", "@berth/api/containers/create.ts"),
    importing("apps/reconciler/src/b.test.ts", "@berth/api/router.ts"),
    importing("apps/reconciler/src/c.ts", "@berth/db/client.ts", null),
  ],
  "the planner imports the words and its own files, and nothing else": [
    importing("apps/reconciler/src/plan/a.ts", "@berth/spec/container.ts", null),
    importing("apps/reconciler/src/plan/b.ts", "./types.ts", null),
    importing("apps/reconciler/src/plan/c.ts", "../queue/work-queue.ts"),
    importing("apps/reconciler/src/plan/d.ts", "@berth/db/client.ts"),
    importing("apps/reconciler/src/plan/e.ts", "node:fs"),
    importing("apps/reconciler/src/plan/f.ts", "pino"),
  ],
  "the planner knows no clock, no randomness and no I/O": [
    {
      file: "apps/reconciler/src/plan/g.ts",
      source: "export const now = Date.now();\n",
      rule: "eslint(no-restricted-globals)",
    },
    {
      file: "apps/reconciler/src/plan/h.ts",
      source: "export const at = performance.now();\n",
      rule: "eslint(no-restricted-globals)",
    },
    {
      file: "apps/reconciler/src/plan/i.ts",
      source: "export const die = Math.random();\n",
      rule: "eslint(no-restricted-properties)",
    },
    { file: "apps/reconciler/src/plan/j.ts", source: "export const most = Math.max(1, 2);\n", rule: null },
  ],
  "the console takes only types from the API": [
    importing("apps/web/src/a.ts", "@berth/api/router.ts"),
    importing("apps/web/src/b.tsx", "@berth/db/client.ts"),
    {
      file: "apps/web/src/c.ts",
      source: 'import type { AppRouter } from "@berth/api/router.ts";\nexport type Router = AppRouter;\n',
      rule: null,
    },
  ],
  "no package reaches into another by a relative path": [
    importing("packages/db/src/c.ts", "../../docker/src/engine.ts"),
    importing("packages/db/src/d.ts", "../../../packages/docker/src/engine.ts"),
    importing("apps/launcher/src/a.ts", "../../../packages/db/src/client.ts"),
  ],
  "imports form no cycle": [
    importing("packages/db/src/cycle-a.ts", "./cycle-b.ts", CYCLE),
    importing("packages/db/src/cycle-b.ts", "./cycle-a.ts", CYCLE),
  ],
  "only env.ts, an entry and tests read the environment": [
    { file: "packages/db/src/e.ts", source: "export const home = process.env.HOME;\n", rule: "node(no-process-env)" },
    { file: "apps/server/src/env.ts", source: "export const home = process.env.HOME;\n", rule: null },
  ],
  "a promise is awaited or handled": [
    {
      file: "packages/db/src/f.ts",
      source: "export function f() {\n  Promise.resolve(1);\n}\n",
      rule: "typescript(no-floating-promises)",
    },
    {
      file: "packages/db/src/g.ts",
      source: "export const f = (wait: () => Promise<boolean>) => (wait() ? 1 : 2);\n",
      rule: "typescript(no-misused-promises)",
    },
  ],
};

/** What `oxlint --format=json` prints, as far as it is read here. */
interface Report {
  diagnostics: { code: string; filename: string }[];
}

describe("the lint rules bite:", () => {
  let folder: string;
  let rulesOf: Map<string, { code: string }[]>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-lint-"));
    copyFileSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
    // Without `include` the rules that need types walk all of node_modules.
    const tsconfig = { extends: join(root, "tsconfig.base.json"), include: ["apps", "packages"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    for (const { file, source } of Object.values(SAMPLES).flat()) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), source);
    }
    const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
    const { stdout, stderr } = spawnSync(process.execPath, [oxlint, "--format=json", "apps", "packages"], {
      cwd: folder,
      encoding: "utf8",
      timeout: 30_000,
    });
    if (stderr !== "") throw new Error(`oxlint could not run: ${stderr}`);
    const { diagnostics } = JSON.parse(stdout) as Report;
    rulesOf = Map.groupBy(diagnostics, ({ filename }) => filename);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(Object.entries(SAMPLES))("%s", (_, samples) => {
    for (const { file, source, rule } of samples) {
      const found = rulesOf.get(file) ?? [];
      expect({ file, source, rule: found[0]?.code ?? null }).toEqual({ file, source, rule });
    }
  });
});
