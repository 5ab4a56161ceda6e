import { ContainerSpec } from "./container.ts";
import { invalidField } from "./error-code.ts";

/** Every field of a spec that a request may give. */
export type SpecOverrides = { [Field in keyof ContainerSpec]?: ContainerSpec[Field] | undefined };

const FIELDS = Object.keys(ContainerSpec.shape) as (keyof ContainerSpec)[];

/** The fields of a spec that a request gives, and nothing else of it. */
const overridesIn = (request: SpecOverrides): SpecOverrides =>
  Object.fromEntries(FIELDS.filter((field) => request[field] !== undefined).map((field) => [field, request[field]]));

/** A spec with some fields replaced. Lists and the environment are replaced whole. */
export function mergeSpec(base: SpecOverrides, overrides: SpecOverrides): ContainerSpec {
  const given = overridesIn(overrides);
  const spec = ContainerSpec.parse({ ...base, ...forgetOtherWayOfAsking(given), ...given });
  if (spec.gpu_uuids === null) return spec;
  if (given.gpu_count !== undefined && given.gpu_count !== spec.gpu_uuids.length) {
    throw invalidField("gpu_count", `${spec.gpu_uuids.length} GPUs are named, not ${given.gpu_count}.`);
  }
  return { ...spec, gpu_count: spec.gpu_uuids.length };
}

/** GPUs are asked for by uuid, or by number and type. Who asks in one way drops what was asked before in the other. */
function forgetOtherWayOfAsking(given: SpecOverrides): SpecOverrides {
  if (given.gpu_uuids) return { gpu_type: null };
  return given.gpu_count !== undefined || given.gpu_type !== undefined ? { gpu_uuids: null } : {};
}
