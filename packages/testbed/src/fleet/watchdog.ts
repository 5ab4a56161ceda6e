/**
 * Takes a fleet away when its owner asks for it or dies: both close this process's stdin. There is one way of ending a
 * fleet, so the way that a crash takes is the one that every test run proves.
 *
 * Usage: node watchdog.ts FOLDER NUMBER
 */
import { tearDownFleet } from "./tear-down.ts";

const [path, number] = process.argv.slice(2);
if (path === undefined || number === undefined) throw new Error("usage: node watchdog.ts FOLDER NUMBER");

process.stdin.resume();
process.stdin.on("close", () => void tearDownFleet({ path, number: Number(number) }));
