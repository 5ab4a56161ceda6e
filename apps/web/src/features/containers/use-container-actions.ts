import { BusyDetails, type Container } from "@berth/spec/container.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { detailsOf } from "../../lib/failure-details.ts";
import { messageOf } from "../../lib/messages.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { containerDialog } from "./dialogs/dialog-store.ts";

/**
 * What its owner may ask for at once; a refusal is shown as the server says it, and one for want of GPUs as a choice. What
 * is asked is shown before it is answered: the answer, good or bad, has it all read again.
 */
export function useContainerActions() {
  const { message } = App.useApp();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const onSettled = (): void => void queryClient.invalidateQueries(trpc.container.pathFilter());
  const start = useMutation(trpc.container.start.mutationOptions({ onSettled }));
  const stop = useMutation(trpc.container.stop.mutationOptions({ onSettled }));
  const restart = useMutation(trpc.container.restart.mutationOptions({ onSettled }));

  const refuse = (container: Container) => (error: Error) => {
    const busy = BusyDetails.safeParse(detailsOf(error)).data;
    if (busy) containerDialog.set({ kind: "busy", container, message: messageOf(error), busy });
    else void message.error(messageOf(error), 8);
  };
  const show = ({ container_id }: Container, shown: Partial<Container>): void => {
    void queryClient.cancelQueries(trpc.container.pathFilter());
    queryClient.setQueryData(trpc.container.get.queryKey({ container_id }), (one) => one && { ...one, ...shown });
    queryClient.setQueriesData<{ items: Container[] }>(
      trpc.container.list.queryFilter(),
      (page) =>
        page && {
          ...page,
          items: page.items.map((one) => (one.container_id === container_id ? { ...one, ...shown } : one)),
        },
    );
  };
  return {
    start(container: Container) {
      const { container_id } = container;
      show(container, { desired: "running", phase: "Pending", message: "" });
      start.mutateAsync({ container_id }).catch(refuse(container));
    },
    stop(container: Container) {
      const { container_id } = container;
      show(container, { desired: "stopped", phase: "Stopping", waiting: null, message: "" });
      stop.mutateAsync({ container_id }).catch(refuse(container));
    },
    restart(container: Container) {
      const { container_id } = container;
      show(container, { desired: "running", phase: "Pending", message: "" });
      restart.mutateAsync({ container_id }).catch(refuse(container));
    },
    remove: (container: Container) => containerDialog.set({ kind: "remove", container }),
  };
}
