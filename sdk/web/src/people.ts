// The others in the room and what they publish, as objects that live as long as they stay.
import { RemoteParticipant } from './participant.js';
import type { ParticipantInfo } from './protocol.js';
import { RemoteTrack, type RemoteTrackOwner } from './remote-track.js';
import type { RosterChanges } from './roster.js';

export interface PeopleListener {
  joined(participant: RemoteParticipant): void;
  left(participant: RemoteParticipant, reason: string): void;
  updated(participant: RemoteParticipant): void;
  published(track: RemoteTrack, participant: RemoteParticipant): void;
  unpublished(track: RemoteTrack, participant: RemoteParticipant): void;
}

export class People {
  readonly #participants = new Map<string, RemoteParticipant>();
  readonly #tracks = new Map<string, RemoteTrack>();
  readonly #trackOwner: RemoteTrackOwner;
  readonly #listener: PeopleListener;

  constructor(trackOwner: RemoteTrackOwner, listener: PeopleListener) {
    this.#trackOwner = trackOwner;
    this.#listener = listener;
  }

  get participants(): RemoteParticipant[] {
    return [...this.#participants.values()];
  }

  get tracks(): RemoteTrack[] {
    return [...this.#tracks.values()];
  }

  participant(sid: string): RemoteParticipant | undefined {
    return this.#participants.get(sid);
  }

  track(sid: string): RemoteTrack | undefined {
    return this.#tracks.get(sid);
  }

  /** Takes what changed in the roster, oneself left out. */
  apply({ joined, changed, left }: RosterChanges, reasons: ReadonlyMap<string, string>): void {
    for (const { sid } of left) this.#leave(sid, reasons.get(sid) ?? 'CLIENT_LEFT');
    for (const info of [...joined, ...changed]) this.#update(info);
  }

  #update(info: ParticipantInfo): void {
    let participant = this.#participants.get(info.sid);
    if (participant) {
      participant.update(info);
      this.#listener.updated(participant);
    } else {
      this.#participants.set(info.sid, (participant = new RemoteParticipant(info)));
      this.#listener.joined(participant);
    }
    const now = new Set(info.tracks.map(track => track.sid));
    for (const track of participant.tracks.filter(track => !now.has(track.sid))) this.#unpublish(track, participant);
    for (const track of info.tracks) {
      const known = participant.trackMap.get(track.sid);
      if (known) known.update(track);
      else this.#publish(new RemoteTrack(track, info.sid, this.#trackOwner), participant);
    }
  }

  #leave(sid: string, reason: string): void {
    const participant = this.#participants.get(sid);
    if (!participant) return;
    for (const track of participant.tracks) this.#unpublish(track, participant);
    this.#participants.delete(sid);
    this.#listener.left(participant, reason);
  }

  #publish(track: RemoteTrack, participant: RemoteParticipant): void {
    participant.trackMap.set(track.sid, track);
    this.#tracks.set(track.sid, track);
    participant.emit('track-published', track);
    this.#listener.published(track, participant);
  }

  #unpublish(track: RemoteTrack, participant: RemoteParticipant): void {
    participant.trackMap.delete(track.sid);
    this.#tracks.delete(track.sid);
    track.end();
    participant.emit('track-unpublished', track);
    this.#listener.unpublished(track, participant);
  }
}
