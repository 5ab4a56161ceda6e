// Stands in for the server: ready at once, and ends when it is told to.
import { createServer } from "node:http";

const server = createServer((request, response) => {
  response.statusCode = request.url === "/readyz" ? 200 : 404;
  response.end();
});
server.listen(Number(process.env["BERTH_PORT"]), process.env["BERTH_HOST"]);
console.log(JSON.stringify({ level: 30, msg: "server started", pid: process.pid }));

function stop(): void {
  console.log(JSON.stringify({ level: 30, msg: "server stopped" }));
  process.exit(0);
}
process.on("SIGTERM", stop);
process.stdin.resume().on("end", stop);
