// Stands in for the reconciler, and for any process that runs until it is told to end.
setInterval(() => {}, 60_000);
console.log(JSON.stringify({ level: 30, msg: "reconciler started", pid: process.pid }));

function stop(): void {
  console.log(JSON.stringify({ level: 30, msg: "reconciler stopped" }));
  process.exit(0);
}
process.on("SIGTERM", stop);
process.stdin.resume().on("end", stop);
