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
  #level: number | undefined;

  /** @internal */
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

  get isSpeaking(): boolean {
    return this.#level !== undefined;
  }

  /** Amplitude while speaking, 0 to 1; else 0. */
  get audioLevel(): number {
    return this.#level ?? 0;
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

  /** True when speech began or ended. @internal */
  setVoice(level: number | undefined): boolean {
    const before = this.isSpeaking;
    this.#level = level;
    if (this.isSpeaking === before) return false;
    this.emit('speaking', this.isSpeaking);
    return true;
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

  /** @internal */
  constructor(info: ParticipantInfo, tracks: () => LocalTrack[]) {
    super(info);
    this.#tracks = tracks;
  }

  /** What is published. */
  get tracks(): readonly LocalTrack[] {
    return this.#tracks();
  }
}
