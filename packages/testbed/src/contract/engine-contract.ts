import { describe } from "vitest";
import { describeArchives } from "./archives.ts";
import { describeBuilds } from "./builds.ts";
import { describeCommands } from "./commands.ts";
import { describeCommits } from "./commits.ts";
import { describeConnection } from "./connection.ts";
import { describeContainers } from "./containers.ts";
import { describeEvents } from "./events.ts";
import { describeImages } from "./images.ts";
import { describeImports } from "./imports.ts";
import { describeLifecycle } from "./lifecycle.ts";
import { describeLogs } from "./logs.ts";
import type { ContractTarget } from "./scratch.ts";
import { describeOpenCommands } from "./open-commands.ts";
import { describePushes } from "./pushes.ts";
import { describeStats } from "./stats.ts";
import { describeTerminals } from "./terminals.ts";
import { describeVolumes } from "./volumes.ts";

/**
 * What every engine does that Berth works with, real or simulated: the contract of `Engine`, and those of Docker's own
 * habits on which Berth relies. `target` is called for each test and gives it an engine connection of its own.
 */
export function describeEngineContract(name: string, target: () => Promise<ContractTarget>): void {
  describe(name, () => {
    describe("connection", () => describeConnection(target));
    describe("containers", () => describeContainers(target));
    describe("lifecycle", () => describeLifecycle(target));
    describe("commit", () => describeCommits(target));
    describe("images", () => describeImages(target));
    describe("push", () => describePushes(target));
    describe("build", () => describeBuilds(target));
    describe("import", () => describeImports(target));
    describe("volumes", () => describeVolumes(target));
    describe("events", () => describeEvents(target));
    describe("logs", () => describeLogs(target));
    describe("stats", () => describeStats(target));
    describe("exec", () => describeCommands(target));
    describe("archive", () => describeArchives(target));
    describe("command", () => describeOpenCommands(target));
    describe("terminal", () => describeTerminals(target));
  });
}
