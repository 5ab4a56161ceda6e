import type { IncomingHttpHeaders } from "node:http";
import { EngineError, type EngineVersion } from "../engine.ts";
import { notDocker } from "./failures.ts";

/** Docker 20.10; older engines lack what Berth relies on. */
const OLDEST = "1.41";
/** The newest whose answers Berth was tried against; a newer engine speaks this one. */
const NEWEST = "1.51";

/** The version to speak with an engine, from the headers of any of its answers. Throws `unsupported` below Docker 20.10. */
export function negotiate(headers: IncomingHttpHeaders): EngineVersion {
  const engineVersion = versionIn(headers);
  if (engineVersion === null) throw notDocker("no API version in its headers");
  if (compare(engineVersion, OLDEST) < 0) {
    throw new EngineError(
      "unsupported",
      `The Docker engine speaks API ${engineVersion}; Berth needs ${OLDEST} (Docker 20.10) or newer. Upgrade Docker there.`,
    );
  }
  return {
    api_version: compare(engineVersion, NEWEST) < 0 ? engineVersion : NEWEST,
    engine_api_version: engineVersion,
  };
}

/** What an engine spoke when it was last asked, to begin with; null where that is nothing that Berth speaks. */
export function presume(apiVersion: string | null): EngineVersion | null {
  if (apiVersion === null || !/^\d{1,3}\.\d{1,3}$/.test(apiVersion)) return null;
  const isSpoken = compare(apiVersion, OLDEST) >= 0 && compare(apiVersion, NEWEST) <= 0;
  return isSpoken ? { api_version: apiVersion, engine_api_version: apiVersion } : null;
}

/** The newest API version of the engine that sent these headers, or null where they are not a Docker engine's. */
export function versionIn(headers: IncomingHttpHeaders): string | null {
  const value = headers["api-version"];
  return typeof value === "string" && /^\d{1,3}\.\d{1,3}$/.test(value) ? value : null;
}

function compare(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}
