import { Attachments } from './attachments.js';
import { Emitter } from './emitter.js';
import type { Kind, Layer, Source, Subscription, TrackInfo, Wish } from './protocol.js';

export type RemoteTrackState = 'unsubscribed' | 'offered' | 'active' | 'paused' | 'refused';

interface Events {
  /** `reason` says why it does not flow (docs/protocol.md, "Subscriptions"). */
  state: [state: RemoteTrackState, reason: string | undefined];
  /** It flows no more, for that reason: `BANDWIDTH` when the connection has no room for it (it goes on by itself), `WISH` when one's own wish says so. */
  paused: [reason: string | undefined];
  /** It flows again. */
  resumed: [];
  muted: [muted: boolean];
  /** It is not published any more. */
  ended: [];
}

/** What a track asks of its room. */
export interface RemoteTrackOwner {
  wish(track: RemoteTrack): void;
  setSubscribed(track: RemoteTrack, subscribed: boolean): Promise<void>;
  blocked(element: HTMLMediaElement): void;
  attached(track: RemoteTrack): void;
}

/** A track that someone else publishes. It is there, with what is known of it, whether one receives it or not. */
export class RemoteTrack extends Emitter<Events> {
  readonly #owner: RemoteTrackOwner;
  readonly #attachments: Attachments;
  #info: TrackInfo;
  #subscription: Subscription | undefined;
  #media: MediaStreamTrack | undefined;
  #wish: Wish = {};

  /** @internal */
  constructor(
    info: TrackInfo,
    readonly participantSid: string,
    owner: RemoteTrackOwner,
  ) {
    super();
    this.#info = info;
    this.#owner = owner;
    this.#attachments = new Attachments(info.kind, false, element => owner.blocked(element));
  }

  get sid(): string {
    return this.#info.sid;
  }

  get kind(): Kind {
    return this.#info.kind;
  }

  get source(): Source {
    return this.#info.source;
  }

  get name(): string {
    return this.#info.name;
  }

  get codec(): string {
    return this.#info.codec;
  }

  /** By its publisher or by an admin. */
  get muted(): boolean {
    return this.#info.muted || this.#info.mutedByServer === true;
  }

  /** An admin muted it: its publisher cannot unmute it. */
  get mutedByServer(): boolean {
    return this.#info.mutedByServer === true;
  }

  get state(): RemoteTrackState {
    const state = this.#subscription?.state;
    return state === undefined || state === 'ended' ? 'unsubscribed' : state;
  }

  /** Why it does not flow, in the states paused and refused. */
  get reason(): string | undefined {
    return this.#subscription?.reason;
  }

  /** The simulcast layer that is received. */
  get layer(): Layer | undefined {
    return this.#subscription?.layer;
  }

  get wish(): Wish {
    return this.#wish;
  }

  get mediaStreamTrack(): MediaStreamTrack | undefined {
    return this.#media;
  }

  get elements(): readonly HTMLMediaElement[] {
    return this.#attachments.elements;
  }

  /** Plays it in the element, or in a new one, which is returned. Also before media flows. */
  attach(element?: HTMLMediaElement): HTMLMediaElement {
    const attached = this.#attachments.attach(element);
    this.#owner.attached(this);
    return attached;
  }

  /** From one element, or from all. */
  detach(element?: HTMLMediaElement): void {
    this.#attachments.detach(element);
    this.#owner.attached(this);
  }

  /** Says what is wanted of it; replaces the wish before. An adaptive room sets it by the size on screen. */
  setWish(wish: Wish): void {
    if (JSON.stringify(wish) === JSON.stringify(this.#wish)) return;
    this.#wish = { ...wish };
    this.#owner.wish(this);
  }

  subscribe(): Promise<void> {
    return this.#owner.setSubscribed(this, true);
  }

  unsubscribe(): Promise<void> {
    return this.#owner.setSubscribed(this, false);
  }

  /** @internal */
  update(info: TrackInfo): void {
    const muted = this.muted;
    this.#info = info;
    if (this.muted !== muted) this.emit('muted', this.muted);
  }

  /** @internal */
  apply(subscription: Subscription | undefined, media: MediaStreamTrack | undefined): void {
    const { state, reason } = this;
    this.#subscription = subscription;
    this.#media = media;
    this.#attachments.media = media;
    if (this.state === state && this.reason === reason) return;
    this.emit('state', this.state, this.reason);
    if (this.state === 'paused' && state !== 'paused') this.emit('paused', this.reason);
    if (this.state === 'active' && state === 'paused') this.emit('resumed');
  }

  /** @internal */
  end(): void {
    this.apply(undefined, undefined);
    this.detach();
    this.emit('ended');
  }
}
