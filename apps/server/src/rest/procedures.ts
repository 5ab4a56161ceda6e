import type { ApiContext } from "@berth/api/context.ts";
import type { ProcedureMeta, Route } from "@berth/api/route.ts";
import { createCallerFactory } from "@berth/api/trpc.ts";
import type { AnyRouter } from "@trpc/server";
import { z } from "zod";
import { type JsonSchema, inputSchemaOf } from "./json-schema.ts";

/** A procedure that has a REST path. */
export interface RestProcedure {
  /** As tRPC knows it: "container.list". */
  name: string;
  type: "query" | "mutation";
  access: NonNullable<ProcedureMeta["access"]>;
  route: Route;
  /** Null where it takes nothing. */
  input: JsonSchema | null;
  output: z.ZodType;
  /** With all its checks, as through any door. */
  call(ctx: ApiContext, input: unknown): Promise<unknown>;
}

/**
 * What tRPC holds of a procedure. `_def` is its own and may change with any release: a test of this door fails then,
 * since no path would be found.
 */
interface ProcedureDef {
  type: "query" | "mutation" | "subscription";
  meta?: ProcedureMeta;
  inputs: unknown[];
  output?: unknown;
}

/** Every procedure with a route, in the router's order. Throws for one that can't be documented. */
export function restProcedures(router: AnyRouter): RestProcedure[] {
  const createCaller = createCallerFactory(router);
  const procedures = router._def.procedures as Record<string, { _def: ProcedureDef }>;
  return Object.entries(procedures).flatMap(([name, { _def: definition }]) => {
    const { type, meta, inputs, output } = definition;
    if (!meta?.route || type === "subscription") return [];
    const [input, ...others] = inputs;
    if (others.length > 0 || !(output instanceof z.ZodType) || !(input === undefined || input instanceof z.ZodType)) {
      throw new Error(`${name} has no zod schema of its output, or not one of its input`);
    }
    const path = name.split(".");
    return {
      name,
      type,
      access: meta.access ?? "user",
      route: meta.route,
      input: input ? inputSchemaOf(input) : null,
      output,
      call(ctx: ApiContext, given: unknown) {
        let at: unknown = createCaller(ctx);
        for (const part of path) at = (at as Record<string, unknown>)[part];
        return (at as (input: unknown) => Promise<unknown>)(given);
      },
    };
  });
}
