import { DomainError } from "@berth/spec/error-code.ts";
import { Slots } from "../slots.ts";

/** Each has a command in its container, and a connection to the machine. */
export interface TransferLimits {
  perUser: number;
  perContainer: number;
  /** How long nothing may move, before a transfer is given up. */
  stallMs: number;
}

export const TRANSFER_LIMITS: TransferLimits = { perUser: 6, perContainer: 12, stallMs: 2 * 60_000 };

/** For the transfers of files that are under way. */
export const transferSlots = ({ perUser, perContainer }: TransferLimits): Slots =>
  new Slots({
    perUser,
    perContainer,
    refuseUser: () => tooMany(`You have ${perUser} files under way: wait for one to arrive.`),
    refuseContainer: () => tooMany(`${perContainer} files of this container are under way: wait for one to arrive.`),
  });

const tooMany = (message: string): DomainError => new DomainError("TOO_MANY_REQUESTS", message, { retry_after_s: 5 });
