import type { ReactNode } from "react";

export type Tone = "good" | "busy" | "bad" | "quiet" | "simulated";

export const Badge = ({ tone, title, children }: { tone: Tone; title?: string; children: ReactNode }) => (
  <span className={`badge badge-${tone}`} title={title}>
    {children}
  </span>
);

export const SimulatedBadge = () => (
  <Badge tone="simulated" title="Berth plays this machine by itself: nothing on it really runs.">
    simulated
  </Badge>
);
