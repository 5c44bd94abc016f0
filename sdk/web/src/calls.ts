// Who rings whom in a room (docs/protocol.md, "Calls").
import { Call } from './call.js';
import type { Clock } from './clock.js';
import type { CallMessage } from './protocol.js';
import type { Session } from './session.js';

export class Calls {
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #self: () => string;
  readonly #ring: (call: Call) => void;
  readonly #calls = new Map<string, Call>();

  /** `self`: the own identity; `ring` is told of each who calls it. */
  constructor(session: Session, clock: Clock, self: () => string, ring: (call: Call) => void) {
    this.#session = session;
    this.#clock = clock;
    this.#self = self;
    this.#ring = ring;
  }

  async invite(identity: string, options: { timeoutSeconds?: number; payload?: string }): Promise<Call> {
    const { callId } = await this.#session.request({ type: 'invite', to: identity, ...options });
    return this.#calls.get(callId)!;
  }

  take(message: CallMessage): void {
    const known = this.#calls.get(message.callId);
    const call = known ?? new Call(message, message.to === this.#self(), action => this.#session.request(action));
    if (known) known.update(message);
    else this.#calls.set(message.callId, call);
    if (!known && call.incoming) this.#ring(call);
    if (!call.pending) this.#clock.after(0, () => this.#calls.delete(call.id)); // who invited may be about to ask for it
  }
}
