import type { VolumeCreateOptions } from "dockerode";
import { z } from "zod";
import { Labels } from "./containers/state.ts";
import { type CallOptions, EngineError, type InspectedVolume } from "./engine.ts";
import type { Apart } from "./transport/dockerode.ts";
import type { EngineLink } from "./transport/engine-link.ts";
import { checkedName } from "./wire/names.ts";

const VOLUME_MS = 30_000;

const Volume = z
  .object({ Name: z.string(), Labels })
  .transform((volume): InspectedVolume => ({ name: volume.Name, labels: volume.Labels }));

export async function inspectVolume(
  link: EngineLink,
  name: string,
  options: CallOptions | undefined,
): Promise<InspectedVolume> {
  const volume = checkedName(name);
  return link.call((docker) => docker.getVolume(volume).inspect(), Volume, options, VOLUME_MS);
}

/** Inspects it before and after: once it was restarted, an engine answers a create under a name that is taken without labels. */
export async function createVolume(
  link: EngineLink,
  name: string,
  labels: Record<string, string>,
  options: CallOptions | undefined,
): Promise<InspectedVolume> {
  try {
    return await inspectVolume(link, name, options);
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === "not_found")) throw error;
  }
  const body = { Name: checkedName(name), Labels: labels };
  const parameters: Apart<VolumeCreateOptions> = { _query: {}, _body: body };
  await link.call((docker) => docker.createVolume(parameters), Volume, options, VOLUME_MS);
  return inspectVolume(link, name, options);
}
