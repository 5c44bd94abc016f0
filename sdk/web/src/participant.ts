import { Emitter } from './emitter.js';
import type { LocalTrack } from './local-track.js';
import type { ParticipantInfo, Quality } from './protocol.js';
import type { RemoteTrack } from './remote-track.js';

interface ParticipantEvents<Track> {
  'track-published': [track: Track];
  'track-unpublished': [track: Track];
  /** Name, metadata, attributes or state. */
  updated: [];
  quality: [quality: Quality];
  speaking: [speaking: boolean];
}

/** Someone in the room. */
abstract class Participant<Track> extends Emitter<ParticipantEvents<Track>> {
  #info: ParticipantInfo;
  #quality: Quality | undefined;
  #speaking = false;

  constructor(info: ParticipantInfo) {
    super();
    this.#info = info;
  }

  get sid(): string {
    return this.#info.sid;
  }

  get identity(): string {
    return this.#info.identity;
  }

  /** To show; the identity when the token has no name. */
  get name(): string {
    return this.#info.name || this.#info.identity;
  }

  get metadata(): string {
    return this.#info.metadata;
  }

  get attributes(): Readonly<Record<string, string>> {
    return this.#info.attributes;
  }

  /** `reconnecting`: the client was lost, its place is kept. */
  get state(): ParticipantInfo['state'] {
    return this.#info.state;
  }

  get joinedAt(): Date {
    return new Date(this.#info.joinedAt);
  }

  /** Undefined until the server has said it. */
  get quality(): Quality | undefined {
    return this.#quality;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /** @internal */
  update(info: ParticipantInfo): void {
    const before = this.#info;
    this.#info = info;
    const changed = before.name !== info.name || before.state !== info.state || before.metadata !== info.metadata
      || JSON.stringify(before.attributes) !== JSON.stringify(info.attributes);
    if (changed) this.emit('updated');
  }

  /** @internal */
  setQuality(quality: Quality): void {
    if (quality === this.#quality) return;
    this.#quality = quality;
    this.emit('quality', quality);
  }

  /** @internal */
  setSpeaking(speaking: boolean): void {
    if (speaking === this.#speaking) return;
    this.#speaking = speaking;
    this.emit('speaking', speaking);
  }
}

export class RemoteParticipant extends Participant<RemoteTrack> {
  /** By sid. @internal */
  readonly trackMap = new Map<string, RemoteTrack>();

  /** In order of publication. */
  get tracks(): readonly RemoteTrack[] {
    return [...this.trackMap.values()];
  }
}

export class LocalParticipant extends Participant<LocalTrack> {
  readonly #tracks: () => LocalTrack[];

  constructor(info: ParticipantInfo, tracks: () => LocalTrack[]) {
    super(info);
    this.#tracks = tracks;
  }

  /** What is published. */
  get tracks(): readonly LocalTrack[] {
    return this.#tracks();
  }
}
