// Stands in for the server: ready at once, and ends when it is told to.
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";

const answer: RequestListener = (request, response) => {
  response.statusCode = request.url === "/readyz" ? 200 : 404;
  response.end();
};
const { BERTH_TLS_CERT: cert, BERTH_TLS_KEY: key } = process.env;
const server =
  cert && key ? createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer) : createServer(answer);
server.listen(Number(process.env["BERTH_PORT"]), process.env["BERTH_HOST"]);
console.log(JSON.stringify({ level: 30, msg: "server started", pid: process.pid }));

function stop(): void {
  console.log(JSON.stringify({ level: 30, msg: "server stopped" }));
  process.exit(0);
}
process.on("SIGTERM", stop);
process.stdin.resume().on("end", stop);
