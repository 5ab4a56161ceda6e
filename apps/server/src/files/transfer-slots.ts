import { DomainError } from "@berth/spec/error-code.ts";

/** Each has a command in its container, and a connection to the machine. */
export interface TransferLimits {
  perUser: number;
  perContainer: number;
  /** How long nothing may move, before a transfer is given up. */
  stallMs: number;
}

export const TRANSFER_LIMITS: TransferLimits = { perUser: 6, perContainer: 12, stallMs: 2 * 60_000 };

interface Slot {
  user_id: number;
  container_id: number;
}

/** The transfers of files that are under way on this server. */
export class TransferSlots {
  readonly #limits: TransferLimits;
  readonly #taken = new Set<Slot>();

  constructor(limits: TransferLimits) {
    this.#limits = limits;
  }

  /** TOO_MANY_REQUESTS where there are too many. Call what it returns when the transfer is over. */
  take(user_id: number, container_id: number): () => void {
    const { perUser, perContainer } = this.#limits;
    const taken = [...this.#taken];
    if (taken.filter((slot) => slot.user_id === user_id).length >= perUser) {
      throw tooMany(`You have ${perUser} files under way: wait for one to arrive.`);
    }
    if (taken.filter((slot) => slot.container_id === container_id).length >= perContainer) {
      throw tooMany(`${perContainer} files of this container are under way: wait for one to arrive.`);
    }
    const slot = { user_id, container_id };
    this.#taken.add(slot);
    return () => this.#taken.delete(slot);
  }
}

const tooMany = (message: string): DomainError => new DomainError("TOO_MANY_REQUESTS", message, { retry_after_s: 5 });
