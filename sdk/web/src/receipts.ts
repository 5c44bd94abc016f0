// What becomes of reliable messages: each waits for the server's word on it (docs/protocol.md, "Data").
import type { Receipt } from './data-packet.js';
import { NexusError } from './errors.js';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: NexusError) => void;
}

export class Receipts {
  /** By number, in the order of sending. */
  readonly #waiting = new Map<number, Waiting>();

  /** Resolves when the server has taken the message of that number, rejects with the code of its refusal. */
  of(sequence: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.set(sequence, { resolve, reject }));
  }

  /** Receipts come in the order of messages: one that was passed over does not come any more. */
  take({ sequence, refusal }: Receipt): void {
    for (const [number, { resolve, reject }] of this.#waiting) {
      if (number > sequence) return;
      this.#waiting.delete(number);
      if (number < sequence) reject(unconfirmed());
      else if (refusal) reject(refused(refusal));
      else resolve();
    }
  }

  /** No more will come for what is under way. */
  lose(why = unconfirmed()): void {
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }
}

export const notPermitted = () => new NexusError('PERMISSION', 'You may not send data here: your token, or an admin since, does not allow it.');

const refused = (code: string) => (code === 'PERMISSION' ? notPermitted() : new NexusError(code, 'The server did not take the message.'));

const unconfirmed = () => new NexusError('UNCONFIRMED', 'The connection was replaced before the server confirmed the message: it may have arrived, or not.');
