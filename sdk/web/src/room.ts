import { AdaptiveWishes } from './adaptive.js';
import type { Call } from './call.js';
import { Calls } from './calls.js';
import type { Chat } from './chat.js';
import type { CameraOptions, MicrophoneOptions, ScreenOptions } from './capture.js';
import { realClock, type Clock } from './clock.js';
import type { DataPayload, SendDataOptions } from './data-message.js';
import { Emitter } from './emitter.js';
import type { NexusError } from './errors.js';
import type { LocalTrack } from './local-track.js';
import { createCameraVideoTrack, createMicrophoneTrack, createScreenTrack } from './local-tracks.js';
import { Media } from './media.js';
import type { Monitor } from './monitor.js';
import { listenToNetwork } from './network.js';
import { LocalParticipant, type RemoteParticipant } from './participant.js';
import { People } from './people.js';
import { mayPublish, type Grants, type Joined, type Push, type Resumed, type RoomInfo, type Source } from './protocol.js';
import type { RemoteTrackOwner } from './remote-track.js';
import { RoomData } from './room-data.js';
import type { RoomEvents, RoomState } from './room-events.js';
import { retrying } from './retry.js';
import { applyDelta, applyPage, changesBetween, emptyRoster, startReading, type Roster, type Step } from './roster.js';
import type { Session } from './session.js';
import { Speakers } from './speaking.js';
import { watch } from './watch.js';

export interface RoomOptions {
  /** Ask of each video only what its elements can show, and for none that is not seen. Default true. */
  adaptive: boolean;
  clock?: Clock;
}

export class Room extends Emitter<RoomEvents> {
  readonly localParticipant: LocalParticipant;
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #adaptive: AdaptiveWishes | undefined;
  readonly #data: RoomData;
  readonly #media: Media;
  readonly #monitor: Monitor;
  readonly #people: People;
  readonly #calls: Calls;
  readonly #speakers: Speakers;
  readonly #blocked = new Set<HTMLMediaElement>();
  readonly #stopListening: () => void;
  #joined: Joined;
  #grants: Grants;
  #roster: Roster = emptyRoster;
  #asked = 0;
  #state: RoomState = 'connecting';

  /** @internal Rooms come from {@link NexusClient.join}. */
  constructor(session: Session, joined: Joined, { adaptive, clock = realClock }: RoomOptions) {
    super();
    this.#session = session;
    this.#clock = clock;
    this.#joined = joined;
    this.#grants = joined.grants;
    this.#adaptive = adaptive ? new AdaptiveWishes() : undefined;
    this.#people = this.#newPeople();
    this.#data = new RoomData(clock, {
      self: () => this.localParticipant,
      participant: sid => this.#people.participant(sid),
      mayPublish: () => this.grants.canPublishData,
      data: message => this.emit('data', message),
      chat: message => this.emit('chat', message),
    });
    this.#media = this.#newMedia(clock);
    this.localParticipant = new LocalParticipant(joined.participant, () => this.#media.publisher.tracks);
    this.#calls = new Calls(session, clock, () => this.localParticipant.identity, call => this.emit('call', call));
    this.#speakers = new Speakers({
      participant: sid => this.#participant(sid),
      speaking: (participant, speaking) => this.emit('speaking', participant, speaking),
      changed: speakers => this.emit('active-speakers-changed', speakers),
    });
    this.#monitor = watch(clock, { session, media: this.#media, people: this.#people });
    session.resumeFrom(() => ({ epoch: this.#roster.epoch, seq: this.#roster.seq }));
    session.on('push', message => this.#take(message));
    session.on('resumed', message => this.#resumed(message));
    session.on('rejoined', message => this.#enter(message));
    session.on('state', (_, why) => this.#stateMayHaveChanged(why));
    this.#stopListening = listenToNetwork(() => {
      session.networkChanged();
      this.#media.networkChanged();
    });
    this.#step(applyPage(this.#roster, { ...joined.roster, room: joined.room }));
    this.#media.offerSections(joined.sections);
  }

  get name(): string {
    return this.#info.name;
  }

  get sid(): string {
    return this.#info.sid;
  }

  get metadata(): string {
    return this.#info.metadata;
  }

  /** An admin locked it: nobody new comes in. */
  get locked(): boolean {
    return this.#info.locked;
  }

  get state(): RoomState {
    return this.#state;
  }

  /** What you may do: as your token says, until an admin says otherwise (event `grants-changed`). */
  get grants(): Readonly<Grants> {
    return this.#grants;
  }

  /** Whether the grants allow to publish a track of that source. */
  mayPublish(source: Source): boolean {
    return mayPublish(this.#grants, source);
  }

  /** The others, in order of arrival. */
  get participants(): readonly RemoteParticipant[] {
    return this.#people.participants;
  }

  /** Who speaks, the dominant speaker first. */
  get activeSpeakers(): readonly (RemoteParticipant | LocalParticipant)[] {
    return this.#speakers.active;
  }

  /** The media connection, for statistics. A re-join makes a new one. */
  get peerConnection(): RTCPeerConnection {
    return this.#media.pc;
  }

  createCameraVideoTrack(options?: CameraOptions): Promise<LocalTrack> {
    return createCameraVideoTrack(options);
  }

  createMicrophoneTrack(options?: MicrophoneOptions): Promise<LocalTrack> {
    return createMicrophoneTrack(options);
  }

  /** Asks the user for a screen, window or tab. Call it from a click. */
  createScreenTrack(options?: ScreenOptions): Promise<LocalTrack> {
    return createScreenTrack(options);
  }

  /** Resolves when the server has taken it; others see it from then on, also after reconnections. */
  publish(track: LocalTrack): Promise<void> {
    return this.#media.publisher.publish(track);
  }

  /** The track itself goes on: `track.stop()` lets the device go. */
  unpublish(track: LocalTrack): Promise<void> {
    return this.#media.publisher.unpublish(track);
  }

  /**
   * Sends a message to everyone, or to those named in `to`: 64 000 octets at most, its envelope included (`TOO_LARGE`). Reliable
   * ones arrive in order, and resolve when the server has taken them: they are under way to the others. To send much, send several
   * at once: more than the browser holds waits. Lossy ones resolve at once, false when they were dropped here. Needs the grant
   * `canPublishData` (`PERMISSION`). `UNCONFIRMED`: the connection was replaced meanwhile, it may have arrived or not.
   */
  sendData(payload: DataPayload, options: SendDataOptions = {}): Promise<boolean> {
    return this.#data.send(payload, options);
  }

  get chat(): Chat {
    return this.#data.chat;
  }

  /** Own metadata and attributes; `null` removes one. Needs the grant `canUpdateOwnMetadata`. */
  async update(changes: { metadata?: string; attributes?: Record<string, string | null> }): Promise<void> {
    await this.#session.request({ type: 'update', ...changes });
  }

  /** Rings someone in the room. */
  invite(identity: string, options: { timeoutSeconds?: number; payload?: string } = {}): Promise<Call> {
    return this.#calls.invite(identity, options);
  }

  /** Plays what the browser held back; call it from a click. */
  async startPlayback(): Promise<void> {
    const elements = [...this.#blocked];
    this.#blocked.clear();
    await Promise.all(elements.map(element => element.play()));
  }

  leave(): void {
    this.#session.leave();
  }

  #newMedia(clock: Clock): Media {
    return new Media(this.#session, this.#joined, clock, {
      connection: pc => this.#data.open(pc),
      changed: () => this.#stateMayHaveChanged(undefined),
      published: track => this.#localTrack('local-track-published', track),
      unpublished: track => this.#localTrack('local-track-unpublished', track),
      track: sid => this.#people.track(sid),
      tracks: () => this.#people.tracks,
      subscribed: track => this.emit('track-subscribed', track, this.#people.participant(track.participantSid)!),
    });
  }

  #take(message: Push): void {
    switch (message.type) {
      case 'delta':
        return this.#step(applyDelta(this.#roster, message));
      case 'subscriptions':
        return void this.#media.subscriber.apply(message.subscriptions);
      case 'sections':
        return this.#media.offerSections(message);
      case 'grants':
        return this.#granted(message.grants);
      case 'demands':
        return this.#media.publisher.demanded(message.tracks);
      case 'candidate':
        return this.#media.addRemoteCandidate(message);
      case 'quality':
        for (const { participantSid, quality } of message.participants) {
          const participant = this.#participant(participantSid);
          participant?.setQuality(quality);
          if (participant) this.emit('quality', participant, quality);
        }
        return;
      case 'speakers':
        return this.#speakers.take(message.speakers);
      case 'call':
        return this.#calls.take(message);
    }
  }

  #step({ roster, ask, left }: Step): void {
    const before = this.#roster;
    this.#roster = roster;
    if (ask) {
      const asked = ++this.#asked;
      retrying(this.#clock, () => this.#session.request({ type: 'snapshot', ...ask }), () => asked === this.#asked)
        .then(page => asked === this.#asked && this.#step(applyPage(this.#roster, page)))
        .catch(() => {}); // the session ended, or its successor has a roster of its own
    }
    const changes = changesBetween(before, roster), self = this.#joined.participant.sid;
    const own = [...changes.joined, ...changes.changed].find(p => p.sid === self);
    if (own) {
      this.localParticipant.update(own);
      this.#noteMutes();
      this.emit('participant-updated', this.localParticipant);
    }
    this.#people.apply({ ...changes, joined: changes.joined.filter(p => p !== own), changed: changes.changed.filter(p => p !== own) }, left ?? new Map());
    this.#speakers.refresh();
    this.#tellRoom(before.room, this.#info);
  }

  #tellRoom(before: RoomInfo | undefined, { metadata, locked }: RoomInfo): void {
    if (!before) return; // it was told by the join
    if (metadata !== before.metadata) this.emit('updated');
    if (locked !== before.locked) this.emit('locked', locked);
  }

  #granted(grants: Grants): void {
    const before = this.#grants;
    if (JSON.stringify(grants) === JSON.stringify(before)) return;
    this.#grants = grants;
    this.#data.grantsChanged();
    this.#media.publisher.keepOnly(source => this.mayPublish(source));
    this.emit('grants-changed', grants, before);
  }

  /** What the roster says of one's own tracks. */
  #noteMutes(): void {
    const known = this.#roster.participants.get(this.localParticipant.sid)?.tracks ?? [];
    for (const track of this.localParticipant.tracks) {
      track.setMutedByServer(known.some(({ sid, mutedByServer }) => sid === track.sid && mutedByServer === true));
    }
  }

  #newPeople(): People {
    const trackOwner: RemoteTrackOwner = {
      wish: track => this.#media.subscriber.wish(track),
      setSubscribed: (track, subscribed) => this.#media.subscriber.choose(track, subscribed),
      blocked: element => {
        this.#blocked.add(element);
        this.emit('playback-blocked');
      },
      attached: track => this.#adaptive?.attached(track),
    };
    return new People(trackOwner, {
      joined: participant => {
        this.emit('participant-joined', participant);
        this.#data.arrived(participant.sid);
      },
      left: (participant, reason) => {
        this.#data.left(participant.sid);
        this.emit('participant-left', participant, reason);
      },
      updated: participant => this.emit('participant-updated', participant),
      published: (track, participant) => {
        track.on('state', (state, reason) => this.emit('track-state', track, state, reason));
        track.on('muted', muted => this.emit('track-muted', track, muted));
        this.emit('track-published', track, participant);
        this.#media.subscriber.found(track);
      },
      unpublished: (track, participant) => {
        this.#media.subscriber.forget(track);
        this.emit('track-unpublished', track, participant);
      },
    });
  }

  #localTrack(event: 'local-track-published' | 'local-track-unpublished', track: LocalTrack): void {
    if (event === 'local-track-unpublished') track.setMutedByServer(false);
    else this.#noteMutes(); // the mute may be older than the word of its sid
    this.localParticipant.emit(event === 'local-track-published' ? 'track-published' : 'track-unpublished', track);
    this.emit(event, track);
  }

  #resumed(message: Resumed): void {
    if (message.roster) this.#step(applyPage({ ...this.#roster, reading: undefined }, message.roster));
    else if (this.#roster.reading) this.#step(startReading(this.#roster, this.#roster.reading.held));
    this.#granted(message.grants);
    this.#media.resumed(message);
  }

  /** A new session: all that was negotiated is gone, what is published and wished for stays. */
  #enter(joined: Joined): void {
    const isMoved = joined.room.name !== this.#joined.room.name;
    this.#joined = joined;
    this.#speakers.take([]);
    this.#step(applyPage({ ...this.#roster, reading: undefined }, { ...joined.roster, room: joined.room }));
    this.localParticipant.update(joined.participant);
    this.#granted(joined.grants); // before all is published anew
    this.#media.enter(joined);
    this.#noteMutes();
    if (isMoved) this.emit('moved');
  }

  #stateMayHaveChanged(why: NexusError | undefined): void {
    const state = this.#stateNow();
    if (state === this.#state) return;
    this.#state = state;
    if (state === 'left') this.#close();
    this.emit('state', state, why);
  }

  #stateNow(): RoomState {
    if (this.#session.state === 'ended') return 'left';
    if (this.#session.state === 'reconnecting' || this.#media.state === 'interrupted' || this.#media.state === 'failed') return 'reconnecting';
    if (this.#media.state === 'connected') return 'connected';
    return this.#state === 'reconnecting' ? 'reconnecting' : 'connecting'; // a re-join is still on its way
  }

  #close(): void {
    this.#stopListening();
    this.#monitor.close();
    this.#adaptive?.close();
    this.#data.close();
    this.#media.close();
    for (const track of this.#people.tracks) track.end();
  }

  get #info(): RoomInfo {
    return this.#roster.room ?? this.#joined.room;
  }

  #participant(sid: string): RemoteParticipant | LocalParticipant | undefined {
    return sid === this.localParticipant.sid ? this.localParticipant : this.#people.participant(sid);
  }
}
