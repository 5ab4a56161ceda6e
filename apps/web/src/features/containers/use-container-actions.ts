import { BusyDetails, type Container } from "@berth/spec/container.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { changeFeed } from "../../lib/change-feed.ts";
import { detailsOf } from "../../lib/failure-details.ts";
import { messageOf } from "../../lib/messages.ts";
import { showRow } from "../../lib/rows/use-rows.ts";
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
  const onSettled = (_answer: unknown, _error: unknown, { container_id }: { container_id: number }): void => {
    void queryClient.invalidateQueries(trpc.container.pathFilter());
    changeFeed.tell([{ noun: "container", id: String(container_id) }]);
  };
  const start = useMutation(trpc.container.start.mutationOptions({ onSettled }));
  const stop = useMutation(trpc.container.stop.mutationOptions({ onSettled }));
  const restart = useMutation(trpc.container.restart.mutationOptions({ onSettled }));

  const refuse = (container: Container) => (error: Error) => {
    const busy = BusyDetails.safeParse(detailsOf(error)).data;
    if (busy) containerDialog.set({ kind: "busy", container, message: messageOf(error), busy });
    else void message.error(messageOf(error), 8);
  };
  const show = ({ container_id }: Container, shown: Partial<Container>): void => {
    const one = trpc.container.get.queryKey({ container_id });
    void queryClient.cancelQueries({ queryKey: one }); // its answer would be of before
    queryClient.setQueryData(one, (before) => before && { ...before, ...shown });
    showRow<Container>(queryClient, "container", (row) => row.container_id === container_id, shown);
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
