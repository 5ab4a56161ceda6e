import { ContainerName } from "@berth/spec/container.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Failure } from "../../components/failure.tsx";
import { useTRPC } from "../../lib/trpc.ts";

export function CreateContainerForm() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const images = useQuery(trpc.image.list.queryOptions({ limit: 200 }));
  const [name, setName] = useState("");
  const [image, setImage] = useState("");
  const [gpuCount, setGpuCount] = useState(0);
  const create = useMutation(
    trpc.container.create.mutationOptions({
      onSuccess: () => setName(""),
      onSettled: () => queryClient.invalidateQueries(),
    }),
  );
  const chosen = image || images.data?.items[0]?.name || "";
  const fault = name === "" ? null : (ContainerName.safeParse(name).error?.issues[0]?.message ?? null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate({ name, image: chosen, gpu_count: gpuCount });
  };
  if (images.data?.items.length === 0) {
    return <p className="quiet">No image yet: an admin adds the first one.</p>;
  }
  return (
    <form className="create" onSubmit={submit}>
      <label>
        Image
        <select value={chosen} onChange={(event) => setImage(event.target.value)}>
          {images.data?.items.map((one) => (
            <option key={one.image_id} value={one.name}>
              {one.display_name ?? one.name}
            </option>
          ))}
        </select>
      </label>
      <label>
        GPUs
        <input
          type="number"
          min={0}
          max={64}
          value={gpuCount}
          onChange={(event) => setGpuCount(Number(event.target.value))}
        />
      </label>
      <label>
        Name
        <input
          required
          placeholder="experiment-1"
          value={name}
          aria-invalid={fault !== null}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <button className="primary" type="submit" disabled={create.isPending || fault !== null || name === ""}>
        Start a container
      </button>
      {fault && <p className="trouble">{fault}</p>}
      {create.error && <Failure error={create.error} />}
    </form>
  );
}
