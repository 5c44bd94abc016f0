// The two data channels of a room, over as many media connections as it takes (docs/protocol.md, "Data").
import { maxPacket, readPacket, type Addressing, type Received } from './data-packet.js';
import { NexusError } from './errors.js';

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
    this.#reliable = this.#channel(pc, '_reliable', { ordered: true });
    this.#lossy = this.#channel(pc, '_lossy', { ordered: false, maxRetransmits: 0 });
  }

  /**
   * Sends one after the other. Reliable: waits for a channel and for room in it, resolves when the browser has it.
   * Lossy: now or never; resolves false when it was dropped.
   */
  async send(reliable: boolean, encode: (addressing: Addressing) => Uint8Array<ArrayBuffer>, to: readonly string[]): Promise<boolean> {
    if (!this.#owner.mayPublish()) throw new NexusError('PERMISSION', 'Your token does not let you send data.');
    if (this.#closed) throw ended();
    check(encode({ to, sequence: 0xffffffff }));
    if (!reliable) return this.#sendNow(encode({ to, sequence: 0 }));
    const turn = this.#sending.then(async () => {
      while (!this.#closed && !hasRoom(this.#reliable)) await new Promise<void>(resolve => this.#waiting.add(resolve));
      if (this.#closed) throw ended();
      this.#reliable!.send(encode({ to, sequence: ++this.#sequence })); // rises over re-joins, too: receivers drop what they had
      return true;
    });
    this.#sending = turn.catch(() => {});
    return turn;
  }

  close(): void {
    this.#closed = true;
    this.#release();
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
    channel.onopen = channel.onbufferedamountlow = () => this.#wake();
    channel.onmessage = ({ data }) => {
      const packet = data instanceof ArrayBuffer ? readPacket(new Uint8Array(data)) : undefined;
      if (packet) this.#owner.received(packet, reliable);
    };
    return channel;
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  #release(): void {
    for (const channel of [this.#reliable, this.#lossy]) {
      if (channel) channel.onopen = channel.onbufferedamountlow = channel.onmessage = null;
    }
    this.#wake();
  }
}

const hasRoom = (channel: RTCDataChannel | undefined): boolean => channel?.readyState === 'open' && channel.bufferedAmount <= highWater;

const ended = () => new NexusError('ENDED', 'The room was left.');

function check({ length }: Uint8Array): void {
  if (length > maxPacket) throw new NexusError('TOO_LARGE', `A data message has ${maxPacket} octets at most, this one ${length}.`);
}
