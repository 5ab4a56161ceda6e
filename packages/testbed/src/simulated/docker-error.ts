/** An answer that is an error: the status, and the words that Docker itself uses. */
export class DockerError extends Error {
  override readonly name = "DockerError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function noSuchContainer(idOrName: string): DockerError {
  return new DockerError(404, `No such container: ${idOrName}`);
}

export function noSuchImage(reference: string): DockerError {
  return new DockerError(404, `No such image: ${reference}`);
}
