import { Emitter } from './emitter.js';
import type { CallMessage, CallState, Request } from './protocol.js';

interface Events {
  state: [state: CallState];
}

/** One ringing between two people of the room. It carries no media: what an accepted call leads to is the app's. */
export class Call extends Emitter<Events> {
  #message: CallMessage;
  readonly #request: (message: Extract<Request, { type: 'call-action' }>) => Promise<unknown>;

  /** @internal */
  constructor(
    message: CallMessage,
    /** Whether the other side called. */
    readonly incoming: boolean,
    request: (message: Extract<Request, { type: 'call-action' }>) => Promise<unknown>,
  ) {
    super();
    this.#message = message;
    this.#request = request;
  }

  get id(): string {
    return this.#message.callId;
  }

  /** Identity of the caller. */
  get from(): string {
    return this.#message.from;
  }

  get to(): string {
    return this.#message.to;
  }

  get state(): CallState {
    return this.#message.state;
  }

  /** What the caller sent along. */
  get payload(): string {
    return this.#message.payload ?? '';
  }

  get reason(): string | undefined {
    return this.#message.reason;
  }

  /** Whether it is still undecided. */
  get pending(): boolean {
    return this.state === 'inviting' || this.state === 'ringing';
  }

  /** Tells the caller that the phone rings. */
  ringing(): Promise<void> {
    return this.#act('ringing');
  }

  accept(): Promise<void> {
    return this.#act('accept');
  }

  reject(reason?: string): Promise<void> {
    return this.#act('reject', reason);
  }

  /** By the caller. */
  cancel(): Promise<void> {
    return this.#act('cancel');
  }

  /** @internal */
  update(message: CallMessage): void {
    const { state } = this;
    this.#message = { ...this.#message, ...message };
    if (this.state !== state) this.emit('state', this.state);
  }

  async #act(action: 'ringing' | 'accept' | 'reject' | 'cancel', reason?: string): Promise<void> {
    await this.#request({ type: 'call-action', callId: this.id, action, ...(reason && { reason }) });
  }
}
