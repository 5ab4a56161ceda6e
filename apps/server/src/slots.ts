import type { DomainError } from "@berth/spec/error-code.ts";

/** How many are open at once on this server, and what is said where one more is asked for. */
export interface SlotOptions {
  perUser: number;
  perContainer: number;
  refuseUser: () => DomainError;
  refuseContainer: () => DomainError;
}

/** What is open on this server, or is being opened, by whose it is and in which container. */
export class Slots {
  readonly #options: SlotOptions;
  readonly #taken = new Set<{ user_id: number; container_id: number }>();

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** Throws where there are too many. Call what it returns when it is over. */
  take(user_id: number, container_id: number): () => void {
    const { perUser, perContainer, refuseUser, refuseContainer } = this.#options;
    const taken = [...this.#taken];
    if (taken.filter((slot) => slot.user_id === user_id).length >= perUser) throw refuseUser();
    if (taken.filter((slot) => slot.container_id === container_id).length >= perContainer) throw refuseContainer();
    const slot = { user_id, container_id };
    this.#taken.add(slot);
    return () => this.#taken.delete(slot);
  }
}
