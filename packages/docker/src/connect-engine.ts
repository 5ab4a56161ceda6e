import { getArchive, putArchive } from "./containers/archive.ts";
import { openCommand } from "./containers/command.ts";
import { commitContainer } from "./containers/commit.ts";

import { exec } from "./containers/exec.ts";
import { inspectContainer } from "./containers/inspect.ts";
import {
  createContainer,
  removeContainer,
  renameContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
} from "./containers/lifecycle.ts";
import { listContainers } from "./containers/list.ts";
import { makeDirectory } from "./containers/make-directory.ts";
import { containerLogs } from "./containers/logs.ts";
import { containerStats, type CpuReadings } from "./containers/stats.ts";
import { openTerminal } from "./containers/terminal.ts";
import { updateContainer } from "./containers/update.ts";
import type { Engine, EngineAddress } from "./engine.ts";
import { buildImage } from "./images/build.ts";
import { checkRegistry } from "./images/check-registry.ts";
import { importImage } from "./images/import.ts";
import { inspectImage } from "./images/inspect.ts";
import { listImages } from "./images/list.ts";
import { pullImage } from "./images/pull.ts";
import { pushImage } from "./images/push.ts";
import { removeImage } from "./images/remove.ts";
import { tagImage } from "./images/tag.ts";
import { engineEvents } from "./system/events.ts";
import { engineInfo } from "./system/info.ts";
import { EngineLink, type EngineLinkOptions } from "./transport/engine-link.ts";
import { createVolume, inspectVolume } from "./volumes.ts";

/**
 * One Docker engine, behind the contract of {@link Engine}. Makes no connection yet: the first call does, and agrees on
 * an API version on the way. Costs two pools of connections, so keep one per machine and `close` it.
 */
export function connectEngine(address: EngineAddress, options: EngineLinkOptions = {}): Engine {
  const link = new EngineLink(address, options);
  const readings: CpuReadings = new Map();
  return {
    ping: (options) => link.ping(options),
    info: (options) => engineInfo(link, options),

    listContainers: (filter, options) => listContainers(link, filter, options),
    inspectContainer: (idOrName, options) => inspectContainer(link, idOrName, options),
    createContainer: (name, body, options) => createContainer(link, name, body, options),
    startContainer: (id, options) => startContainer(link, id, options),
    stopContainer: (id, timeoutS, options) => stopContainer(link, id, timeoutS, options),
    removeContainer: (id, options) => removeContainer(link, id, options),
    renameContainer: (id, name, options) => renameContainer(link, id, name, options),
    updateContainer: (id, limits, options) => updateContainer(link, id, limits, options),
    unpauseContainer: (id, options) => unpauseContainer(link, id, options),
    commitContainer: (id, commit, options) => commitContainer(link, id, commit, options),

    listImages: (options) => listImages(link, options),
    inspectImage: (reference, options) => inspectImage(link, reference, options),
    pullImage: (reference, options) => pullImage(link, reference, options),
    removeImage: (reference, options) => removeImage(link, reference, options),
    tagImage: (reference, target, options) => tagImage(link, reference, target, options),
    pushImage: (reference, options) => pushImage(link, reference, options),
    buildImage: (context, request, options) => buildImage(link, context, request, options),
    importImage: (tar, request, options) => importImage(link, tar, request, options),
    checkRegistry: (reference, options) => checkRegistry(link, reference, options),

    makeDirectory: (request, options) => makeDirectory(link, request, options),
    inspectVolume: (name, options) => inspectVolume(link, name, options),
    createVolume: (name, labels, options) => createVolume(link, name, labels, options),

    events: (options) => engineEvents(link, options),
    logs: (id, options) => containerLogs(link, id, options),
    stats: (id, options) => containerStats(link, readings, id, options),
    openTerminal: (id, request, options) => openTerminal(link, id, request, options),
    openCommand: (id, request, options) => openCommand(link, id, request, options),
    exec: (id, command, options) => exec(link, id, command, options),
    getArchive: (id, path, options) => getArchive(link, id, path, options),
    putArchive: (id, folder, tar, options) => putArchive(link, id, folder, tar, options),

    close: () => link.close(),
  };
}
