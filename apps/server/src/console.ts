import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { sendNotFound } from "./errors.ts";

/**
 * Serves the built console: each path that is no file of it is a page of it. Where it is not built, one plain page says
 * what this is.
 */
export async function registerConsole(app: FastifyInstance, folder: string | undefined): Promise<void> {
  if (folder === undefined || !existsSync(join(folder, "index.html"))) {
    app.get("/", (_request, reply) => reply.type("text/html; charset=utf-8").send(PLAIN_PAGE));
    app.setNotFoundHandler(sendNotFound);
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    cacheControl: false,
    // The build has each file compressed beside it, so that no request waits for that.
    preCompressed: true,
    // Also where a program's path leads out of the folder, which would be FORBIDDEN otherwise.
    allowedPath: (path) => !isProgramsOwn(path),
    // Vite puts a hash of the content into the names below assets/; the page itself must name the newest ones.
    setHeaders(reply, path) {
      const isHashed = path.includes("/assets/");
      void reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  app.setNotFoundHandler((request, reply) => {
    const takesPages = request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
    return takesPages && !isProgramsOwn(request.url) ? reply.sendFile("index.html") : sendNotFound(request, reply);
  });
}

/** Not every program says that it wants no page: many libraries take anything. */
const isProgramsOwn = (url: string): boolean => /^\/(api|files|trpc|ws)([/?]|$)/.test(url);

const PLAIN_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Berth</title>
<h1>Berth</h1>
<p>Share a lab's GPU servers: take a GPU, work, save the container as an image, start it on another server.</p>
<p>This server has no web console. Programs reach its API, tRPC over HTTP, at <code>/trpc</code>: see
<code>packages/api/examples/first-container.ts</code>.</p>
</html>
`;
