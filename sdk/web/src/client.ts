import type { SocketFactory } from './connection.js';
import type { Clock } from './clock.js';
import { NexusError } from './errors.js';
import { Room } from './room.js';
import { Session, type TokenSource } from './session.js';

export interface NexusClientOptions {
  /** Of the server: `https://host`, or `https://host/path` where a proxy serves it below a path; `wss://host/path/ws` is the same. */
  url: string;
  /** An access token, or what gets a fresh one (needed when a re-join may come after its expiry). */
  token: TokenSource;
  /** Wish for a region; residency overrules it. */
  region?: string;
}

export interface JoinOptions {
  /** Subscribe to all tracks of the others. Default true. */
  autoSubscribe?: boolean;
  /** Ask of each video only what its elements can show, and for none that is not seen. Default true. */
  adaptive?: boolean;
  /** Own attributes from the start; needs the grant `canUpdateOwnMetadata`. */
  attributes?: Record<string, string>;
  /** Seconds of failed reconnections after which the room is given up. Default 300. */
  giveUpAfterSeconds?: number;
  /** For tests. @internal */
  clock?: Clock;
  /** For tests. @internal */
  socket?: SocketFactory;
}

/** The way in: one client for any number of rooms. */
export class NexusClient {
  readonly #options: NexusClientOptions;

  constructor(options: NexusClientOptions) {
    this.#options = options;
  }

  /**
   * Joins a room, by default the one that the token names.
   * @throws {NexusError} with the server's code when it refuses, `CONNECT_FAILED` when it cannot be reached.
   */
  async join(room?: string, options: JoinOptions = {}): Promise<Room> {
    if (typeof RTCPeerConnection === 'undefined') throw new NexusError('UNSUPPORTED', 'This browser has no WebRTC.');
    const { autoSubscribe = true, adaptive = true, giveUpAfterSeconds = 300, attributes, clock, socket } = options;
    const session = new Session({
      url: signallingUrl(this.#options.url), token: this.#options.token, region: this.#options.region,
      room, autoSubscribe, attributes, giveUpAfter: giveUpAfterSeconds * 1000, platform: navigator.userAgent.slice(0, 128),
      ...(clock && { clock }), ...(socket && { open: socket }),
    });
    return new Room(session, await session.join(), { adaptive, ...(clock && { clock }) });
  }
}

/** `https://host/path` → `wss://host/path/ws`; what ends so already is kept. */
export function signallingUrl(url: string): string {
  const target = new URL(url, globalThis.location?.href);
  target.protocol = target.protocol.replace('http', 'ws');
  if (!target.pathname.endsWith('/ws')) target.pathname = target.pathname.replace(/\/*$/, '/ws');
  return target.href;
}
