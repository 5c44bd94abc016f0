import type { RemoteParticipant } from './participant.js';

export interface SendDataOptions {
  /** Default true: in order, repeated until it arrives. False: sent once, now or never. */
  reliable?: boolean;
  /** Identities of those whom it is for; everyone when left out. */
  to?: readonly string[];
  topic?: string;
}

/** What can be sent: an object goes as JSON, a string as UTF-8. */
export type DataPayload = Uint8Array | ArrayBuffer | string | object;

/** A data message that came. */
export class DataMessage {
  /** @internal */
  constructor(
    /** Undefined: the server, or someone hidden. */
    readonly from: RemoteParticipant | undefined,
    readonly payload: Uint8Array,
    readonly topic: string,
    readonly reliable: boolean,
  ) {}

  /** The payload as UTF-8. */
  get text(): string {
    return new TextDecoder().decode(this.payload);
  }

  /** The payload as JSON. Throws a SyntaxError when it is none. */
  json<T = unknown>(): T {
    return JSON.parse(this.text) as T;
  }
}

export function octetsOf(payload: DataPayload): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  return new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload));
}
