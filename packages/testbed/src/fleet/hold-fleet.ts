/** Starts a small fleet with a running container, prints its folder, and waits to be killed: what a test run does that dies. */
import { startFleet } from "./start-fleet.ts";
import { TEST_IMAGE } from "./test-image.ts";

const fleet = await startFleet({ engines: [{ name: "held", generation: "20.10" }] });
for (const engine of fleet.engines) await engine.docker("run", "-d", "-p", "8080:80", TEST_IMAGE, "sleep", "1000");
console.log(fleet.folder);
setInterval(() => {}, 60_000);
