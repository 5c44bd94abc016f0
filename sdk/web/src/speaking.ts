// Who speaks, as the server says it: each message names all of them, the dominant speaker first.
import type { LocalParticipant, RemoteParticipant } from './participant.js';
import type { SpeakerInfo } from './protocol.js';

type Anyone = LocalParticipant | RemoteParticipant;

export interface SpeakersOwner {
  participant(sid: string): Anyone | undefined;
  speaking(participant: Anyone, speaking: boolean): void;
  changed(speakers: readonly Anyone[]): void;
}

export class Speakers {
  readonly #owner: SpeakersOwner;
  #named: readonly SpeakerInfo[] = [];
  #active: readonly Anyone[] = [];

  constructor(owner: SpeakersOwner) {
    this.#owner = owner;
  }

  /** The dominant speaker first. */
  get active(): readonly Anyone[] {
    return this.#active;
  }

  take(speakers: readonly SpeakerInfo[]): void {
    this.#named = speakers;
    this.refresh();
  }

  /** Participants came or went: someone who was named may be known only now. */
  refresh(): void {
    const now = this.#named.flatMap(({ participantSid, level }) => {
      const participant = this.#owner.participant(participantSid);
      return participant ? [{ participant, level }] : [];
    });
    const before = this.#active;
    this.#active = now.map(({ participant }) => participant);
    for (const silent of before.filter(participant => !this.#active.includes(participant))) this.#set(silent, undefined);
    for (const { participant, level } of now) this.#set(participant, level);
    if (before.length !== this.#active.length || before.some((participant, i) => participant !== this.#active[i])) this.#owner.changed(this.#active);
  }

  #set(participant: Anyone, level: number | undefined): void {
    if (participant.setVoice(level)) this.#owner.speaking(participant, participant.isSpeaking);
  }
}
