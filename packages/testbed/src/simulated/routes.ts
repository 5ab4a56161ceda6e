import { attachContainer, resizeContainer, topContainer } from "./containers/attach.ts";
import { getArchive, putArchive, statArchive } from "./containers/archive.ts";
import { showChanges } from "./containers/changes.ts";
import { createContainer } from "./containers/create.ts";
import { inspectContainer } from "./containers/inspect.ts";
import { killContainer } from "./containers/kill.ts";
import { listContainers } from "./containers/list.ts";
import { pauseContainer, unpauseContainer } from "./containers/pause.ts";
import { removeContainer } from "./containers/remove.ts";
import { renameContainer } from "./containers/rename.ts";
import { streamLogs } from "./containers/logs.ts";
import { streamStats } from "./containers/stats.ts";
import { createExec, inspectExec, resizeExec, startExec } from "./execs/execs.ts";
import { buildImage } from "./images/build/build.ts";
import { commitContainer } from "./images/commit.ts";
import { inspectDistribution } from "./images/distribution.ts";
import { pushImage } from "./images/push.ts";
import { listNetworks } from "./system/networks.ts";
import { startContainer } from "./containers/start.ts";
import { restartContainer, stopContainer } from "./containers/stop.ts";
import { updateContainer } from "./containers/update.ts";
import { waitForContainer } from "./containers/wait.ts";
import type { Route } from "./http/router.ts";
import { imageHistory, inspectImage, listImages } from "./images/inspect.ts";
import { createImage } from "./images/create.ts";
import { removeImage } from "./images/remove.ts";
import { tagImage } from "./images/tag.ts";
import { streamEvents } from "./system/events.ts";
import { info } from "./system/info.ts";
import { ping } from "./system/ping.ts";
import { version } from "./system/version.ts";
import { createVolume, inspectVolume, listVolumes, removeVolume } from "./volumes/volumes.ts";

/** Every call of the Docker Engine API that is simulated. What is not here answers "page not found". */
export const ROUTES: Route[] = [
  { method: "GET", path: "/_ping", call: "ping", handler: ping },
  { method: "HEAD", path: "/_ping", call: "ping", handler: ping },
  { method: "GET", path: "/version", call: "version", handler: version },
  { method: "GET", path: "/info", call: "info", handler: info },
  { method: "GET", path: "/events", call: "events", handler: streamEvents },

  { method: "GET", path: "/containers/json", call: "list", handler: listContainers },
  { method: "POST", path: "/containers/create", call: "create", handler: createContainer },
  { method: "GET", path: "/containers/:id/json", call: "inspect", handler: inspectContainer },
  { method: "POST", path: "/containers/:id/start", call: "start", handler: startContainer },
  { method: "POST", path: "/containers/:id/stop", call: "stop", handler: stopContainer },
  { method: "POST", path: "/containers/:id/restart", call: "restart", handler: restartContainer },
  { method: "POST", path: "/containers/:id/kill", call: "kill", handler: killContainer },
  { method: "POST", path: "/containers/:id/pause", call: "pause", handler: pauseContainer },
  { method: "POST", path: "/containers/:id/unpause", call: "unpause", handler: unpauseContainer },
  { method: "POST", path: "/containers/:id/rename", call: "rename", handler: renameContainer },
  { method: "POST", path: "/containers/:id/update", call: "update", handler: updateContainer },
  { method: "POST", path: "/containers/:id/wait", call: "wait", handler: waitForContainer },
  { method: "GET", path: "/containers/:id/logs", call: "logs", handler: streamLogs },
  { method: "GET", path: "/containers/:id/stats", call: "stats", handler: streamStats },
  { method: "GET", path: "/containers/:id/top", call: "top", handler: topContainer },
  { method: "GET", path: "/containers/:id/changes", call: "changes", handler: showChanges },
  { method: "POST", path: "/containers/:id/attach", call: "attach", handler: attachContainer },
  { method: "POST", path: "/containers/:id/resize", call: "resize", handler: resizeContainer },
  { method: "POST", path: "/containers/:id/exec", call: "exec_create", handler: createExec },
  { method: "GET", path: "/containers/:id/archive", call: "archive_get", handler: getArchive },
  { method: "HEAD", path: "/containers/:id/archive", call: "archive_get", handler: statArchive },
  { method: "PUT", path: "/containers/:id/archive", call: "archive_put", handler: putArchive },
  { method: "POST", path: "/exec/:id/start", call: "exec_start", handler: startExec },
  { method: "POST", path: "/exec/:id/resize", call: "exec_resize", handler: resizeExec },
  { method: "GET", path: "/exec/:id/json", call: "exec_inspect", handler: inspectExec },
  { method: "POST", path: "/commit", call: "commit", handler: commitContainer },
  { method: "DELETE", path: "/containers/:id", call: "remove", handler: removeContainer },

  { method: "GET", path: "/images/json", call: "image_list", handler: listImages },
  { method: "POST", path: "/images/create", call: "pull", handler: createImage },
  { method: "GET", path: "/images/:name*/json", call: "image_inspect", handler: inspectImage },
  { method: "GET", path: "/images/:name*/history", call: "image_history", handler: imageHistory },
  { method: "POST", path: "/images/:name*/tag", call: "tag", handler: tagImage },
  { method: "POST", path: "/images/:name*/push", call: "push", handler: pushImage },
  { method: "POST", path: "/build", call: "build", handler: buildImage },
  { method: "GET", path: "/distribution/:name*/json", call: "distribution", handler: inspectDistribution },
  { method: "DELETE", path: "/images/:name*", call: "image_remove", handler: removeImage },

  { method: "GET", path: "/networks", call: "networks", handler: listNetworks },
  { method: "GET", path: "/volumes", call: "volume_list", handler: listVolumes },
  { method: "POST", path: "/volumes/create", call: "volume_create", handler: createVolume },
  { method: "GET", path: "/volumes/:name", call: "volume_inspect", handler: inspectVolume },
  { method: "DELETE", path: "/volumes/:name", call: "volume_remove", handler: removeVolume },
];
