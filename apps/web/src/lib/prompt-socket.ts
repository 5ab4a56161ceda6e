const OPEN_MS = 8_000;

/**
 * A WebSocket that waits for no dead way: a browser gives its opening minutes, and after `close` waits a minute more for the
 * other end before it says that the socket is closed.
 */
export class PromptSocket extends WebSocket {
  #isClosed = false;

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    const opening = setTimeout(() => this.close(), OPEN_MS);
    this.addEventListener("open", () => clearTimeout(opening));
    // The first of all listeners: the others hear of one end only.
    this.addEventListener("close", (event) => {
      clearTimeout(opening);
      if (this.#isClosed) event.stopImmediatePropagation();
      this.#isClosed = true;
    });
  }

  override close(code?: number, reason?: string): void {
    super.close(code, reason);
    if (!this.#isClosed) this.dispatchEvent(new CloseEvent("close", { code: code ?? 1006 }));
  }
}
