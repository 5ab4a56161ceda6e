import type { Container, ContainerPhase } from "@berth/spec/container.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Badge, SimulatedBadge, type Tone } from "../../components/badge.tsx";
import { Failure } from "../../components/failure.tsx";
import { useTRPC } from "../../lib/trpc.ts";
import { CreateContainerForm } from "./create-container-form.tsx";

const REFRESH_MS = 1_500;

export function ContainersPanel() {
  const trpc = useTRPC();
  const containers = useQuery(trpc.container.list.queryOptions({ limit: 200 }, { refetchInterval: REFRESH_MS }));
  return (
    <section aria-labelledby="containers">
      <h2 id="containers">My containers</h2>
      <CreateContainerForm />
      {containers.error && <Failure error={containers.error} onRetry={() => void containers.refetch()} />}
      {containers.isPending && <p className="quiet">Loading containers…</p>}
      {containers.data?.items.length === 0 && (
        <p className="quiet">No container yet. Choose an image above, and it is started on a machine that has room.</p>
      )}
      <ul className="rows">
        {containers.data?.items.map((container) => (
          <ContainerRow key={container.container_id} container={container} />
        ))}
      </ul>
    </section>
  );
}

const TONES: Partial<Record<ContainerPhase, Tone>> = {
  Running: "good",
  Stopped: "quiet",
  Completed: "quiet",
  BackOff: "bad",
  Failed: "bad",
  Unknown: "bad",
  RecreateRequired: "bad",
};

function ContainerRow({ container }: { container: Container }) {
  const { container_id } = container;
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const onSettled = () => queryClient.invalidateQueries(trpc.container.pathFilter());
  const start = useMutation(trpc.container.start.mutationOptions({ onSettled }));
  const stop = useMutation(trpc.container.stop.mutationOptions({ onSettled }));
  const remove = useMutation(trpc.container.delete.mutationOptions({ onSettled }));
  const error = start.error ?? stop.error ?? remove.error;
  const isGoing = container.desired === "removed";
  const confirmRemoval = (): void => {
    const question = `Delete ${container.name}? What is inside it, and was not saved as an image, is lost.`;
    if (globalThis.confirm(question)) remove.mutate({ container_id });
  };
  return (
    <li className="row">
      <div>
        <strong>{container.name}</strong> <Badge tone={TONES[container.phase] ?? "busy"}>{container.phase}</Badge>{" "}
        {container.simulated && <SimulatedBadge />}
        <p className="quiet">{[container.image, ...portsOf(container)].join(" · ")}</p>
        {container.message !== "" && <p className="quiet">{container.message}</p>}
        {container.conditions.map((condition) => (
          <p key={condition.type} className="trouble">
            {condition.message}
          </p>
        ))}
        {error && <Failure error={error} />}
      </div>
      <div className="buttons">
        <button type="button" disabled={isGoing} onClick={() => start.mutate({ container_id })}>
          Start
        </button>
        <button type="button" disabled={isGoing} onClick={() => stop.mutate({ container_id })}>
          Stop
        </button>
        <button type="button" className="danger" disabled={isGoing} onClick={confirmRemoval}>
          Delete
        </button>
      </div>
    </li>
  );
}

const portsOf = (container: Container): string[] => [
  ...container.gpus.map((gpu) => `${gpu.type} #${gpu.index}`),
  ...container.ports.map((port) => `${port.name} ${port.host_port}→${port.container_port}`),
];
