// When to restart ICE (RFC 8445 section 9), and when to give the connection up.
import type { Clock } from './clock.js';

export interface RestartOwner {
  /** Whether an offer would reach the server now. */
  canSignal(): boolean;
  /** Whether the connection stands, as far as the browser knows. */
  stands(): boolean;
  /** Offers new credentials; resolves when they are answered or have failed, rejects never. */
  restart(): Promise<void>;
  gaveUp(): void;
}

/** An interruption that lasts as long is answered with a restart. */
const interruptedFor = 1500;
/** A restart has this long to connect before the next one, and there are so many. */
const restartWithin = 8000;
const maxRestarts = 3;

export class IceRestarts {
  readonly #clock: Clock;
  readonly #owner: RestartOwner;
  #tries = 0;
  #running = false;
  #due = false;
  #closed = false;
  #cancel = () => {};

  constructor(clock: Clock, owner: RestartOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  /** One was asked for while the server could not be reached. */
  get due(): boolean {
    return this.#due;
  }

  connected(): void {
    this.#cancel();
    this.#tries = 0;
  }

  /** Nothing comes back any more; it may mend itself. */
  interrupted(): void {
    this.#after(interruptedFor);
  }

  /**
   * Restarts, unless it is doing so. One that was asked for while the connection stood is a precaution: no change of the
   * connection's state tells of its success, and so none is waited for.
   */
  async ask(): Promise<void> {
    if (this.#closed || this.#running) return;
    this.#cancel();
    this.#due = !this.#owner.canSignal();
    if (this.#due) return;
    if (this.#owner.stands()) this.#tries = 0;
    if (++this.#tries > maxRestarts) return this.#owner.gaveUp();
    this.#running = true;
    await this.#owner.restart();
    this.#running = false;
    if (!this.#owner.stands()) this.#after(restartWithin);
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #after(milliseconds: number): void {
    this.#cancel();
    if (!this.#closed) this.#cancel = this.#clock.after(milliseconds, () => void this.ask());
  }
}
