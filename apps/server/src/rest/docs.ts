import swagger, { type FastifyStaticSwaggerOptions } from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { openApiDocument } from "./openapi.ts";
import type { RestProcedure } from "./procedures.ts";

/** `openapi.json`, and `docs`: the page on which to read it and try it. Both for anyone: they hold nothing of anybody's. */
export async function serveDocs(scope: FastifyInstance, procedures: readonly RestProcedure[]): Promise<void> {
  const document = openApiDocument(procedures);
  const text = JSON.stringify(document);
  scope.get("/openapi.json", (_request, reply) =>
    reply.type("application/json; charset=utf-8").header("cache-control", "no-cache").send(text),
  );
  // Only for the page's plugin, which reads the document from it.
  const specification = { document } as unknown as FastifyStaticSwaggerOptions["specification"];
  await scope.register(swagger, { mode: "static", specification });
  await scope.register(swaggerUi, {
    routePrefix: "/docs",
    indexPrefix: scope.prefix,
    theme: { title: "Berth API" },
    uiConfig: {
      layout: "BaseLayout",
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      persistAuthorization: false,
      tryItOutEnabled: true,
    },
  });
}
