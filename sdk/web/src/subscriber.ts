// What one receives: from the server's word on subscriptions to remote tracks, and wishes back.
import type { Clock } from './clock.js';
import type { Notice, Request, Subscription } from './protocol.js';
import type { RemoteTrack } from './remote-track.js';
import type { Transport } from './transport.js';

export interface SubscriberOwner {
  request(message: Extract<Request, { type: 'subscribe' | 'unsubscribe' }>): Promise<unknown>;
  notify(notice: Notice): void;
  track(sid: string): RemoteTrack | undefined;
  subscribed(track: RemoteTrack): void;
}

/** Wishes that come together go together. */
const gather = 100;
const maxWishes = 128;

export class Subscriber {
  readonly #owner: SubscriberOwner;
  readonly #clock: Clock;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #wishing = new Set<RemoteTrack>();
  /** What the app chose of the tracks, by sid. */
  readonly #choices = new Map<string, boolean>();
  #transport: Transport;
  #cancelWishes: (() => void) | undefined;

  constructor(transport: Transport, clock: Clock, owner: SubscriberOwner) {
    this.#transport = transport;
    this.#clock = clock;
    this.#owner = owner;
  }

  /** A new session: nothing is subscribed to yet, wishes are said again. */
  moveTo(transport: Transport): void {
    this.#transport = transport;
    const sids = [...this.#subscriptions.keys()];
    this.#subscriptions.clear();
    for (const sid of sids) this.#owner.track(sid)?.apply(undefined, undefined);
  }

  /** All subscriptions there are; those not named have ended. */
  async replace(subscriptions: readonly Subscription[]): Promise<void> {
    const now = new Set(subscriptions.map(s => s.trackSid));
    const ended = [...this.#subscriptions.values()].filter(s => !now.has(s.trackSid)).map(s => ({ ...s, state: 'ended' as const }));
    await this.apply([...ended, ...subscriptions]);
  }

  /** Takes what changed, once the sections it speaks of are in place, and acknowledges what is offered. */
  async apply(subscriptions: readonly Subscription[]): Promise<void> {
    const transport = this.#transport;
    await transport.settled();
    if (transport !== this.#transport) return;
    for (const subscription of subscriptions) {
      if (subscription.state === 'ended') this.#subscriptions.delete(subscription.trackSid);
      else this.#subscriptions.set(subscription.trackSid, subscription);
      const track = this.#owner.track(subscription.trackSid);
      if (track) this.#bind(track, subscription);
    }
  }

  /** The track has become known: its subscription may have been told before the roster told of it. */
  found(track: RemoteTrack): void {
    const subscription = this.#subscriptions.get(track.sid);
    if (subscription) this.#bind(track, subscription);
  }

  wish(track: RemoteTrack): void {
    this.#wishing.add(track);
    this.#cancelWishes ??= this.#clock.after(gather, () => this.#sendWishes());
  }

  async choose(track: RemoteTrack, subscribed: boolean): Promise<void> {
    this.#choices.set(track.sid, subscribed);
    await this.#ask(track.sid, subscribed);
  }

  /** The track is no more. */
  forget(track: RemoteTrack): void {
    this.#choices.delete(track.sid);
    this.#wishing.delete(track);
  }

  /** Wishes and choices may have been lost with the connection. */
  repeat(tracks: Iterable<RemoteTrack>): void {
    for (const track of tracks) {
      if (Object.keys(track.wish).length > 0) this.wish(track);
    }
    for (const [sid, subscribed] of this.#choices) void this.#ask(sid, subscribed).catch(() => {});
  }

  close(): void {
    this.#cancelWishes?.();
    this.#subscriptions.clear();
  }

  #bind(track: RemoteTrack, subscription: Subscription): void {
    const { state, mid } = subscription;
    const receiver = mid !== undefined && (state === 'offered' || state === 'active' || state === 'paused') ? this.#transport.receiverOf(mid) : undefined;
    track.apply(state === 'ended' ? undefined : subscription, receiver?.track);
    if (state !== 'offered' || !receiver) return;
    this.#owner.subscribed(track);
    this.#owner.notify({ type: 'ack', trackSid: track.sid, mid: mid! });
  }

  #ask(sid: string, subscribed: boolean): Promise<unknown> {
    return this.#owner.request({ type: subscribed ? 'subscribe' : 'unsubscribe', trackSids: [sid] });
  }

  #sendWishes(): void {
    this.#cancelWishes = undefined;
    const wishes = [...this.#wishing].map(track => ({ trackSid: track.sid, ...track.wish }));
    this.#wishing.clear();
    for (let i = 0; i < wishes.length; i += maxWishes) this.#owner.notify({ type: 'wishes', wishes: wishes.slice(i, i + maxWishes) });
  }
}
