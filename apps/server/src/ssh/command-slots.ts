import { DomainError } from "@berth/spec/error-code.ts";
import { Slots } from "../slots.ts";

/** Open at once on this server, those that sftp begins for a file included. Each is a process on the machine. */
export interface CommandLimits {
  commandsPerUser: number;
  commandsPerContainer: number;
}

/** For the commands that ssh has open, or is opening. */
export const commandSlots = ({ commandsPerUser, commandsPerContainer }: CommandLimits): Slots =>
  new Slots({
    perUser: commandsPerUser,
    perContainer: commandsPerContainer,
    refuseUser: () => tooMany(`You have ${commandsPerUser} commands and files open over ssh: close one first.`),
    refuseContainer: () =>
      tooMany(`This container has ${commandsPerContainer} commands and files open over ssh: close one first.`),
  });

const tooMany = (message: string): DomainError => new DomainError("TOO_MANY_REQUESTS", message);
