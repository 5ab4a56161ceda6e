import { DomainError } from "@berth/spec/error-code.ts";

/** Open at once on this server, those that sftp begins for a file included. Each is a process on the machine. */
export interface CommandLimits {
  commandsPerUser: number;
  commandsPerContainer: number;
}

/** The commands that ssh has open on this server, or is opening. */
export class CommandSlots {
  readonly #limits: CommandLimits;
  readonly #taken = new Set<{ user_id: number; container_id: number }>();

  constructor(limits: CommandLimits) {
    this.#limits = limits;
  }

  /** TOO_MANY_REQUESTS where there are too many. Call what it returns when the command has ended. */
  take(user_id: number, container_id: number): () => void {
    const { commandsPerUser, commandsPerContainer } = this.#limits;
    const taken = [...this.#taken];
    if (taken.filter((slot) => slot.user_id === user_id).length >= commandsPerUser) {
      throw tooMany(`You have ${commandsPerUser} commands and files open over ssh: close one first.`);
    }
    if (taken.filter((slot) => slot.container_id === container_id).length >= commandsPerContainer) {
      throw tooMany(`This container has ${commandsPerContainer} commands and files open over ssh: close one first.`);
    }
    const slot = { user_id, container_id };
    this.#taken.add(slot);
    return () => this.#taken.delete(slot);
  }
}

const tooMany = (message: string): DomainError => new DomainError("TOO_MANY_REQUESTS", message);
