import type { Container, ContainerSpec, UpdateContainerInput } from "@berth/spec/container.ts";
import { fixedAtCreate } from "@berth/spec/fixed-at-create.ts";
import { changesOf, type ContainerWish } from "./container-wish.ts";

export type EditedField = "name" | "display_name" | "image" | "on_loss" | "on_drain" | keyof ContainerSpec;

interface Edits {
  /** What is to be asked for; not checked yet. */
  input: Partial<UpdateContainerInput>;
  fields: EditedField[];
  /** Those of them for which the container is made anew. */
  recreated: EditedField[];
}

/** What the form says of a container, as far as it is another than what is. */
export function editsOf(container: Container, wish: ContainerWish): Edits {
  const { container_id, name, image, on_loss, on_drain, spec } = container;
  const display_name = wish.display_name || null;
  const own = {
    ...(wish.name !== name && { name: wish.name }),
    ...(display_name !== container.display_name && { display_name }),
    ...(wish.image !== undefined && wish.image !== image && { image: wish.image }),
    ...(wish.on_loss !== on_loss && { on_loss: wish.on_loss }),
    ...(wish.on_drain !== on_drain && { on_drain: wish.on_drain }),
  };
  const changes = changesOf(spec, wish);
  const input = { container_id, ...own, ...changes };
  return {
    input,
    fields: [...Object.keys(own), ...Object.keys(changes)] as EditedField[],
    recreated: [
      ...(own.image === undefined ? [] : ["image" as const]),
      ...fixedAtCreate(spec, { ...spec, ...changes }),
    ],
  };
}
