// Which layers of a video are sent: those that somebody plays (docs/protocol.md, "Publishing").
import type { Demand } from './protocol.js';

const ranks: Record<Demand, number> = { off: 0, low: 1, middle: 2, high: 3 };

/** Whether each encoding is to be sent. One alone is sent for any demand; of two, `middle` is the lower. */
export function wantedOf(encodings: readonly { rid?: string }[], demand: Demand): boolean[] {
  return encodings.map(({ rid }) => ranks[demand] >= (encodings.length > 1 ? ranks[rid as Demand] ?? ranks.low : ranks.low));
}

/** As much of RTCRtpSender as is used. */
export type GatedSender = Pick<RTCRtpSender, 'getParameters' | 'setParameters'>;

/** Keeps the encodings of one sender at what is demanded. Changes go one after the other: a sender refuses two at once. */
export class LayerGate {
  readonly #sender: GatedSender;
  #demand: Demand = 'high';
  #busy = false;
  #closed = false;

  constructor(sender: GatedSender) {
    this.#sender = sender;
  }

  get demand(): Demand {
    return this.#demand;
  }

  set demand(demand: Demand) {
    this.#demand = demand;
    void this.apply();
  }

  /** Does what is demanded, also after a negotiation, which may have refused it or set it back. */
  async apply(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (!this.#closed) {
        const parameters = this.#sender.getParameters(), wanted = wantedOf(parameters.encodings, this.#demand);
        if (parameters.encodings.every(({ active }, i) => active === wanted[i])) break;
        parameters.encodings.forEach((encoding, i) => (encoding.active = wanted[i]!));
        await this.#sender.setParameters(parameters);
      }
    } catch {
      // An offer is under way that changes the section, or the connection is closed: the offer's end brings it here again.
    } finally {
      this.#busy = false;
    }
  }

  /** The section is another's from now on. */
  close(): void {
    this.#closed = true;
  }
}
