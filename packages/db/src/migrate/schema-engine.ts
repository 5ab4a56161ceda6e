import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";
import type { TransactionalPg } from "./transactional-adapter.ts";

/** The part that is used here of a global that Node has and its type package does not declare. */
declare const WebAssembly: {
  instantiate(wasm: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

export type SchemaEngine = bindings.SchemaEngine;

/** Prisma's schema engine as WebAssembly from npm: unlike Prisma's own command line, it downloads nothing. */
export async function openSchemaEngine(adapter: TransactionalPg): Promise<SchemaEngine> {
  await (perProcess[LOADED] ??= loadWasm());
  const ignoreLog = () => {};
  return bindings.SchemaEngine.new({ datamodels: undefined }, ignoreLog, bindMigrationAwareSqlAdapterFactory(adapter));
}

/** A panic inside the engine is told here, and the engine is unusable afterwards. */
const panicRegistry = {
  set_message(message: string): never {
    throw new Error(`Prisma's schema engine panicked: ${message}`);
  },
};

const LOADED = Symbol.for("berth.schema-engine");

/**
 * Once a process, not once a module: a test runner evaluates this file for each of its projects, while the bindings are
 * there once and would go on reading the memory of the first instance.
 */
const perProcess = globalThis as typeof globalThis & { [LOADED]?: Promise<void> };

/** What the package's main file does with a wasm import, which Node does not run without a flag. */
async function loadWasm(): Promise<void> {
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: panicRegistry });
  const script = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const wasm = await readFile(script.replace(/\.js$/, ".wasm"));
  const { instance } = await WebAssembly.instantiate(wasm, { "./schema_engine_bg.js": bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports["__wbindgen_start"] as () => void)();
}
