// The two data channels of a room, over as many media connections as it takes (docs/protocol.md, "Data").
import { maxPacket, readPacket, type Addressing, type Received } from './data-packet.js';
import { NexusError } from './errors.js';
import { Receipts, notPermitted } from './receipts.js';

export interface DataLinkOwner {
  received(packet: Received, reliable: boolean): void;
  mayPublish(): boolean;
}

/** Octets that may wait in the browser: beyond it, sends wait. */
const highWater = 256 * 1024;
const lowWater = 64 * 1024;
/** For what is worthless when it is late. */
const lossyHighWater = 16 * 1024;

export class DataLink {
  readonly #owner: DataLinkOwner;
  readonly #waiting = new Set<() => void>();
  readonly #receipts = new Receipts();
  #reliable: RTCDataChannel | undefined;
  #lossy: RTCDataChannel | undefined;
  #sending: Promise<unknown> = Promise.resolve();
  #sequence = 0;
  #closed = false;

  constructor(owner: DataLinkOwner) {
    this.#owner = owner;
  }

  /** Opens the channels on a media connection, in place of those of the one before. */
  open(pc: RTCPeerConnection): void {
    this.#release();
    this.#receipts.lose();
    this.#reliable = this.#channel(pc, '_reliable', { ordered: true });
    this.#lossy = this.#channel(pc, '_lossy', { ordered: false, maxRetransmits: 0 });
  }

  /**
   * Sends one after the other. Reliable: waits for a channel and for room in it, resolves when the server has taken it.
   * Lossy: now or never; resolves false when it was dropped here.
   */
  async send(reliable: boolean, encode: (addressing: Addressing) => Uint8Array<ArrayBuffer>, to: readonly string[]): Promise<boolean> {
    this.#admit();
    check(encode({ to, sequence: 0xffffffff }));
    if (!reliable) return this.#sendNow(encode({ to, sequence: 0 }));
    const turn = this.#sending.then(() => this.#hand(encode, to));
    this.#sending = turn.catch(() => {}); // the next one waits for the browser, not for the receipt
    await (await turn).receipt;
    return true;
  }

  /** Something else than before holds for those who wait: room in the channel, a grant. */
  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  close(): void {
    this.#closed = true;
    this.#release();
    this.#receipts.lose(ended());
  }

  #admit(): void {
    if (!this.#owner.mayPublish()) throw notPermitted();
    if (this.#closed) throw ended();
  }

  async #hand(encode: (addressing: Addressing) => Uint8Array<ArrayBuffer>, to: readonly string[]): Promise<{ receipt: Promise<void> }> {
    while (!this.#closed && this.#owner.mayPublish() && !hasRoom(this.#reliable)) await new Promise<void>(resolve => this.#waiting.add(resolve));
    this.#admit();
    const sequence = ++this.#sequence; // rises over re-joins, too: receivers drop what they had
    this.#reliable!.send(encode({ to, sequence }));
    return { receipt: this.#receipts.of(sequence) };
  }

  #sendNow(packet: Uint8Array<ArrayBuffer>): boolean {
    if (this.#lossy?.readyState !== 'open' || this.#lossy.bufferedAmount > lossyHighWater) return false;
    this.#lossy.send(packet);
    return true;
  }

  #channel(pc: RTCPeerConnection, label: string, options: RTCDataChannelInit): RTCDataChannel {
    const channel = pc.createDataChannel(label, options), reliable = label === '_reliable';
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = lowWater;
    channel.onopen = channel.onbufferedamountlow = () => this.wake();
    channel.onmessage = ({ data }) => {
      const packet = data instanceof ArrayBuffer ? readPacket(new Uint8Array(data)) : undefined;
      if (packet?.receipt) this.#receipts.take(packet.receipt);
      else if (packet) this.#owner.received(packet, reliable);
    };
    return channel;
  }

  #release(): void {
    for (const channel of [this.#reliable, this.#lossy]) {
      if (channel) channel.onopen = channel.onbufferedamountlow = channel.onmessage = null;
    }
    this.wake();
  }
}

const hasRoom = (channel: RTCDataChannel | undefined): boolean => channel?.readyState === 'open' && channel.bufferedAmount <= highWater;

const ended = () => new NexusError('ENDED', 'The room was left.');

function check({ length }: Uint8Array): void {
  if (length > maxPacket) throw new NexusError('TOO_LARGE', `A data message has ${maxPacket} octets at most, this one ${length}.`);
}
