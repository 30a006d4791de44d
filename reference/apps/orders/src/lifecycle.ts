// Which phase of its life the process is in. Only "ready" invites new requests.

export type Phase = "starting" | "ready" | "draining";

export class Lifecycle {
  #phase: Phase = "starting";

  get phase(): Phase {
    return this.#phase;
  }

  /** Called when all that the service depends on answers. A drain that began before stays one. */
  becomeReady(): void {
    if (this.#phase === "starting") this.#phase = "ready";
  }

  /** Returns false where a drain had begun already. */
  beginDrain(): boolean {
    if (this.#phase === "draining") return false;
    this.#phase = "draining";
    return true;
  }
}
