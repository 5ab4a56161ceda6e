import type { EngineCall } from "../faults.ts";
import type { Handler } from "./call.ts";

export interface Route {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Segments, where `:name` stands for one and `:name*` for as many as there are (images have slashes in their names). */
  path: string;
  call: EngineCall;
  handler: Handler;
}

export interface Match {
  route: Route;
  params: Record<string, string>;
}

interface CompiledRoute {
  route: Route;
  pattern: RegExp;
}

export class Router {
  readonly #routes: CompiledRoute[];

  constructor(routes: Route[]) {
    this.#routes = routes.map((route) => ({ route, pattern: compile(route.path) }));
  }

  /** The first route that fits, in the order in which they were given. */
  match(method: string, path: string): Match | null {
    for (const { route, pattern } of this.#routes) {
      if (route.method !== method) continue;
      const groups = pattern.exec(path)?.groups;
      if (!groups) continue;
      return { route, params: Object.fromEntries(Object.entries(groups).map(([k, v]) => [k, decodeURIComponent(v)])) };
    }
    return null;
  }
}

function compile(path: string): RegExp {
  const pattern = path.replace(
    /:(\w+)(\*?)/g,
    (_, name: string, many: string) => `(?<${name}>${many ? ".+" : "[^/]+"})`,
  );
  // The group that is always there makes `groups` one for routes without parameters too.
  return new RegExp(`^(?<path>${pattern})$`);
}
