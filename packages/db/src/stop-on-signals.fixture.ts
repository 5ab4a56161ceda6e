import { stopOnSignals } from "./stop-on-signals.ts";

// As a log of which nobody reads the rest: at an exit it would be written first, without end.
process.on("exit", () => {
  for (;;);
});
const log = { info: ({ cause }: { cause: string }) => process.stdout.write(`${cause}\n`) };
stopOnSignals({
  log,
  isSupervised: true,
  async stop() {
    await new Promise((resolve) => process.stdout.write("stopped\n", resolve));
  },
});
process.stdout.write("runs\n");
