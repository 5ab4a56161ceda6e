import type { Action, Plan } from "./types.ts";

const short = (engineId: string): string => engineId.slice(0, 12);

const WORDS: { [Type in Action["type"]]: (action: Extract<Action, { type: Type }>) => string } = {
  checkImage: (action) => `check ${action.reference}`,
  pullImage: (action) => `pull ${action.reference}`,
  createContainer: () => "create",
  startContainer: ({ engineId }) => (engineId === null ? "start" : `start ${short(engineId)}`),
  stopContainer: (action) => `stop ${short(action.engineId)}`,
  unpauseContainer: (action) => `unpause ${short(action.engineId)}`,
  updateContainer: (action) => `update ${short(action.engineId)}`,
  renameContainer: (action) => `rename ${short(action.engineId)} to ${action.name}`,
  putKeys: (action) => `put keys ${short(action.engineId)}`,
  commitContainer: (action) => `commit ${short(action.engineId)} as ${action.reference}`,
  setAsideContainer: (action) => `set aside ${short(action.engineId)} as ${action.name}`,
  abandonRecreate: () => "abandon the recreate",
  putBackContainer: (action) => `put back ${short(action.engineId)} as ${action.name}`,
  restoreContainer: (action) => `restore ${short(action.engineId)} as ${action.name}`,
  acceptRestored: (action) => `accept ${short(action.engineId)}`,
  abandonRestore: () => "abandon the restore",
  removeContainer: (action) => `remove ${short(action.engineId)}`,
  finishRemoval: () => "finish removal",
};

export const actionText = (action: Action): string =>
  `${(WORDS[action.type] as (action: Action) => string)(action)} (${action.cause})`;

/** `create (not found) → start (not running)`, or where it stands: `running`. */
export const planText = (plan: Plan): string =>
  plan.actions.length > 0 ? plan.actions.map(actionText).join(" → ") : plan.standing;
