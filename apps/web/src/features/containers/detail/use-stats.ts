import type { Container } from "@berth/spec/container.ts";
import type { ContainerStats } from "@berth/spec/live.ts";
import { skipToken } from "@tanstack/react-query";
import { useSubscription } from "@trpc/tanstack-react-query";
import { useState } from "react";
import { useTRPC } from "../../../lib/trpc.ts";

/** Some five minutes of readings. */
const KEPT = 150;

/** The newest readings of a container that runs, oldest first, since the page is open. */
export function useStats({ container_id, status }: Pick<Container, "container_id" | "status">): ContainerStats[] {
  const [readings, setReadings] = useState<ContainerStats[]>([]);
  useSubscription(
    useTRPC().container.stats.subscriptionOptions(status ? { container_id } : skipToken, {
      onData: (reading) => setReadings((before) => [...before, reading].slice(-KEPT)),
    }),
  );
  return readings;
}
