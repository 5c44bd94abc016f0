import { AdaptiveWishes } from './adaptive.js';
import { Call } from './call.js';
import type { CameraOptions, MicrophoneOptions, ScreenOptions } from './capture.js';
import { realClock, type Clock } from './clock.js';
import { Emitter } from './emitter.js';
import { NexusError } from './errors.js';
import type { LocalTrack } from './local-track.js';
import { createCameraVideoTrack, createMicrophoneTrack, createScreenTrack } from './local-tracks.js';
import { Monitor } from './monitor.js';
import { LocalParticipant, type RemoteParticipant } from './participant.js';
import { People } from './people.js';
import type { CallMessage, Grants, Joined, Push, Quality, Resumed } from './protocol.js';
import { Publisher } from './publisher.js';
import type { RemoteTrack, RemoteTrackOwner, RemoteTrackState } from './remote-track.js';
import { applyDelta, applyPage, changesBetween, emptyRoster, startReading, type Roster, type Step } from './roster.js';
import type { Session } from './session.js';
import { Subscriber } from './subscriber.js';
import { Transport, type TransportState } from './transport.js';

/** `reconnecting`: signalling or media is interrupted, and on its way back. `left` is for good. */
export type RoomState = 'connecting' | 'connected' | 'reconnecting' | 'left';

export interface RoomEvents {
  /** `why` is set in state `left`. */
  state: [state: RoomState, why: NexusError | undefined];
  'participant-joined': [participant: RemoteParticipant];
  'participant-left': [participant: RemoteParticipant, reason: string];
  'participant-updated': [participant: RemoteParticipant | LocalParticipant];
  'track-published': [track: RemoteTrack, participant: RemoteParticipant];
  'track-unpublished': [track: RemoteTrack, participant: RemoteParticipant];
  /** Media is about to flow: attach it, if it is not. */
  'track-subscribed': [track: RemoteTrack, participant: RemoteParticipant];
  /** It flows, does not flow, or was refused; `reason` says why. */
  'track-state': [track: RemoteTrack, state: RemoteTrackState, reason: string | undefined];
  'track-muted': [track: RemoteTrack, muted: boolean];
  'local-track-published': [track: LocalTrack];
  'local-track-unpublished': [track: LocalTrack];
  quality: [participant: RemoteParticipant | LocalParticipant, quality: Quality];
  speaking: [participant: RemoteParticipant | LocalParticipant, speaking: boolean];
  /** Metadata of the room, or the number of viewers. */
  updated: [];
  /** The browser plays no sound before the user has touched the page: call `startPlayback` from a click. */
  'playback-blocked': [];
  /** Someone rings. */
  call: [call: Call];
}

export interface RoomOptions {
  /** Ask of each video only what its elements can show. Default true. */
  adaptive: boolean;
  clock?: Clock;
}

/** New connections that may in a row come to nothing before the room is given up: a firewall does not go away. */
const maxDeadTransports = 2;

export class Room extends Emitter<RoomEvents> {
  readonly localParticipant: LocalParticipant;
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #adaptive: AdaptiveWishes | undefined;
  readonly #publisher: Publisher;
  readonly #subscriber: Subscriber;
  readonly #monitor: Monitor;
  readonly #people: People;
  /** What the app chose of the tracks, by sid. */
  readonly #choices = new Map<string, boolean>();
  readonly #calls = new Map<string, Call>();
  readonly #blocked = new Set<HTMLMediaElement>();
  readonly #stopListening: () => void;
  #joined: Joined;
  #transport: Transport;
  #deadTransports = 0;
  #roster: Roster = emptyRoster;
  #asked = 0;
  #state: RoomState = 'connecting';

  /** @internal Rooms come from {@link NexusClient.join}. */
  constructor(session: Session, joined: Joined, options: RoomOptions) {
    super();
    this.#session = session;
    this.#joined = joined;
    this.#clock = options.clock ?? realClock;
    this.#adaptive = options.adaptive ? new AdaptiveWishes() : undefined;
    this.#transport = this.#newTransport(joined);
    this.#people = this.#newPeople();
    this.#publisher = new Publisher(this.#transport, {
      request: message => session.request(message),
      published: track => this.#localTrack('local-track-published', track),
      unpublished: track => this.#localTrack('local-track-unpublished', track),
    });
    this.#subscriber = new Subscriber(this.#transport, this.#clock, {
      notify: notice => session.notify(notice),
      track: sid => this.#people.track(sid),
      subscribed: track => this.emit('track-subscribed', track, this.#people.participant(track.participantSid)!),
    });
    this.localParticipant = new LocalParticipant(joined.participant, () => this.#publisher.tracks);
    this.#monitor = this.#watch();
    session.resumeFrom(() => ({ epoch: this.#roster.epoch, seq: this.#roster.seq }));
    session.on('push', message => this.#take(message));
    session.on('resumed', message => this.#resumed(message));
    session.on('rejoined', message => this.#enter(message));
    session.on('state', (_, why) => this.#stateMayHaveChanged(why));
    this.#stopListening = listenToNetwork(() => this.#networkChanged());
    this.#step(applyPage(this.#roster, joined.roster));
    this.#offerSections(joined.sections);
  }

  get name(): string {
    return this.#joined.room.name;
  }

  get sid(): string {
    return this.#joined.room.sid;
  }

  get metadata(): string {
    return (this.#roster.room ?? this.#joined.room).metadata;
  }

  get state(): RoomState {
    return this.#state;
  }

  /** What the token allows. */
  get grants(): Readonly<Grants> {
    return this.#joined.grants;
  }

  /** The others, in order of arrival. */
  get participants(): readonly RemoteParticipant[] {
    return this.#people.participants;
  }

  /** How many more watch without being listed. */
  get viewers(): number {
    return this.#roster.viewers;
  }

  /** The media connection, for statistics. A re-join makes a new one. */
  get peerConnection(): RTCPeerConnection {
    return this.#transport.pc;
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
    return this.#publisher.publish(track);
  }

  /** The track itself goes on: `track.stop()` lets the device go. */
  unpublish(track: LocalTrack): Promise<void> {
    return this.#publisher.unpublish(track);
  }

  /** Own metadata and attributes; `null` removes one. Needs the grant `canUpdateOwnMetadata`. */
  async update(changes: { metadata?: string; attributes?: Record<string, string | null> }): Promise<void> {
    await this.#session.request({ type: 'update', ...changes });
  }

  /** Rings someone in the room. */
  async invite(identity: string, options: { timeoutSeconds?: number; payload?: string } = {}): Promise<Call> {
    const { callId } = await this.#session.request({ type: 'invite', to: identity, ...options });
    return this.#calls.get(callId)!;
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

  #newTransport({ iceServers }: Joined): Transport {
    return new Transport(iceServers, this.#clock, {
      offer: async (id, sdp, publish) => {
        const answer = await this.#session.request({ type: 'offer', id, sdp, publish });
        this.#publisher.answered(answer.published);
        return answer;
      },
      notify: notice => this.#session.notify(notice),
      publications: () => this.#publisher.publications(),
      state: state => this.#transportChanged(state),
      canSignal: () => this.#session.state === 'connected',
      iceServers: async () => (await this.#session.request({ type: 'ice-servers' })).iceServers,
    });
  }

  #watch(): Monitor {
    const local = (matches: (track: LocalTrack) => boolean) => this.#publisher.tracks.find(matches)?.sid;
    const remote = (matches: (media: MediaStreamTrack) => boolean) =>
      this.#people.tracks.find(track => track.mediaStreamTrack && matches(track.mediaStreamTrack))?.sid;
    return new Monitor(this.#clock, {
      connection: () => this.#session.state === 'connected' ? this.#transport.pc : undefined,
      names: {
        byMid: mid => local(track => this.#publisher.transceiverOf(track)?.mid === mid) ?? remote(media => media === this.#transport.receiverOf(mid)?.track),
        byMedia: id => local(track => track.mediaStreamTrack?.id === id) ?? remote(media => media.id === id),
      },
      report: report => this.#session.notify(report),
      voices: () => this.#voices(),
      ownVoice: () => {
        const microphone = this.#publisher.tracks.find(track => track.source === 'microphone' && !track.muted);
        const sender = microphone && this.#publisher.transceiverOf(microphone)?.sender;
        return sender && [this.localParticipant.sid, sender];
      },
      speaking: (sid, speaking) => this.#withParticipant(sid, participant => {
        participant.setSpeaking(speaking);
        this.emit('speaking', participant, speaking);
      }),
    });
  }

  *#voices(): Iterable<[string, RTCRtpReceiver]> {
    const receivers = new Map(this.#transport.pc.getReceivers().map(receiver => [receiver.track, receiver]));
    for (const track of this.#people.tracks) {
      const receiver = track.kind === 'audio' && !track.muted && track.mediaStreamTrack && receivers.get(track.mediaStreamTrack);
      if (receiver) yield [track.participantSid, receiver];
    }
  }

  #take(message: Push): void {
    switch (message.type) {
      case 'delta':
        return this.#step(applyDelta(this.#roster, message));
      case 'subscriptions':
        return void this.#subscriber.apply(message.subscriptions);
      case 'sections':
        return this.#offerSections(message);
      case 'candidate':
        return this.#transport.addRemoteCandidate(message);
      case 'quality':
        for (const { participantSid, quality } of message.participants) {
          this.#withParticipant(participantSid, participant => {
            participant.setQuality(quality);
            this.emit('quality', participant, quality);
          });
        }
        return;
      case 'call':
        return this.#ring(message);
    }
  }

  #step({ roster, ask, left }: Step): void {
    const before = this.#roster;
    this.#roster = roster;
    if (ask) {
      const asked = ++this.#asked;
      this.#session.request({ type: 'snapshot', ...ask })
        .then(page => asked === this.#asked && this.#step(applyPage(this.#roster, page)))
        .catch(() => {}); // the session ended, or its successor has a roster of its own
    }
    const changes = changesBetween(before, roster), self = this.#joined.participant.sid;
    const own = [...changes.joined, ...changes.changed].find(p => p.sid === self);
    if (own) {
      this.localParticipant.update(own);
      this.emit('participant-updated', this.localParticipant);
    }
    this.#people.apply({ ...changes, joined: changes.joined.filter(p => p !== own), changed: changes.changed.filter(p => p !== own) }, left ?? new Map());
    if (before.room !== roster.room || before.viewers !== roster.viewers) this.emit('updated');
  }

  #newPeople(): People {
    const trackOwner: RemoteTrackOwner = {
      wish: track => this.#subscriber.wish(track),
      setSubscribed: async (track, subscribed) => {
        this.#choices.set(track.sid, subscribed);
        await this.#session.request({ type: subscribed ? 'subscribe' : 'unsubscribe', trackSids: [track.sid] });
      },
      blocked: element => {
        this.#blocked.add(element);
        this.emit('playback-blocked');
      },
      attached: track => this.#adaptive?.attached(track),
    };
    return new People(trackOwner, {
      joined: participant => this.emit('participant-joined', participant),
      left: (participant, reason) => this.emit('participant-left', participant, reason),
      updated: participant => this.emit('participant-updated', participant),
      published: (track, participant) => {
        track.on('state', (state, reason) => this.emit('track-state', track, state, reason));
        track.on('muted', muted => this.emit('track-muted', track, muted));
        this.emit('track-published', track, participant);
        this.#subscriber.found(track);
      },
      unpublished: (track, participant) => {
        this.#choices.delete(track.sid);
        this.emit('track-unpublished', track, participant);
      },
    });
  }

  #localTrack(event: 'local-track-published' | 'local-track-unpublished', track: LocalTrack): void {
    this.localParticipant.emit(event === 'local-track-published' ? 'track-published' : 'track-unpublished', track);
    this.emit(event, track);
  }

  #ring(message: CallMessage): void {
    const known = this.#calls.get(message.callId);
    const call = known ?? new Call(message, message.to === this.localParticipant.identity, action => this.#session.request(action));
    if (known) known.update(message);
    else this.#calls.set(message.callId, call);
    if (!known && call.incoming) this.emit('call', call);
    if (!call.pending) this.#clock.after(0, () => this.#calls.delete(call.id)); // who invited may be about to ask for it
  }

  #offerSections({ audio, video }: { audio: number; video: number }): void {
    if (this.#transport.receive(audio, video)) this.#negotiate();
  }

  /** Offers what is there. When the very first offer is refused there is no room to be in. */
  #negotiate(): void {
    const transport = this.#transport;
    transport.negotiate().catch((error: unknown) => {
      if (transport === this.#transport && transport.state === 'connecting' && error instanceof NexusError) this.#session.fail(error);
    });
  }

  #resumed(message: Resumed): void {
    if (message.roster) this.#step(applyPage({ ...this.#roster, reading: undefined }, message.roster));
    else if (this.#roster.reading) this.#step(startReading(this.#roster, this.#roster.reading.held));
    void this.#subscriber.replace(message.subscriptions);
    this.#offerSections(message.sections);
    this.#repeat();
    if (this.#transport.state === 'interrupted' || this.#transport.restartDue) void this.#transport.restartIce();
  }

  /** A new session: all that was negotiated is gone, what is published and wished for stays. */
  #enter(joined: Joined): void {
    this.#joined = joined;
    this.#transport.close();
    this.#transport = this.#newTransport(joined);
    this.#subscriber.moveTo(this.#transport);
    this.#step(applyPage({ ...this.#roster, reading: undefined }, joined.roster));
    this.localParticipant.update(joined.participant);
    this.#transport.receive(joined.sections.audio, joined.sections.video);
    this.#publisher.moveTo(this.#transport);
    this.#negotiate();
    this.#repeat();
  }

  /** What the server may not have heard. */
  #repeat(): void {
    this.#publisher.repeatMutes();
    this.#subscriber.repeatWishes(this.#people.tracks);
    for (const [sid, subscribed] of this.#choices) {
      void this.#session.request({ type: subscribed ? 'subscribe' : 'unsubscribe', trackSids: [sid] }).catch(() => {});
    }
  }

  #networkChanged(): void {
    this.#session.networkChanged();
    void this.#transport.restartIce();
  }

  #transportChanged(state: TransportState): void {
    if (state === 'connected') this.#deadTransports = 0;
    if (state === 'failed') {
      if (++this.#deadTransports < maxDeadTransports) this.#session.rejoin();
      else this.#session.fail(new NexusError('NO_ICE', 'No media connection to the server could be made: a firewall may block UDP and TCP to its media port.'));
    }
    this.#stateMayHaveChanged(undefined);
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
    if (this.#session.state === 'reconnecting' || this.#transport.state === 'interrupted' || this.#transport.state === 'failed') return 'reconnecting';
    if (this.#transport.state === 'connected') return 'connected';
    return this.#state === 'reconnecting' ? 'reconnecting' : 'connecting'; // a re-join is still on its way
  }

  #close(): void {
    this.#stopListening();
    this.#monitor.close();
    this.#adaptive?.close();
    this.#subscriber.close();
    this.#publisher.close();
    this.#transport.close();
    for (const track of this.#people.tracks) track.end();
  }

  #withParticipant(sid: string, act: (participant: RemoteParticipant | LocalParticipant) => void): void {
    const participant = sid === this.localParticipant.sid ? this.localParticipant : this.#people.participant(sid);
    if (participant) act(participant);
  }
}

/** Another network, or one at all again. Browsers that tell of changes of rate and round trip as well are not heard in those. */
function listenToNetwork(changed: () => void): () => void {
  const connection = (navigator as { connection?: EventTarget & { type?: string } }).connection;
  let type = connection?.type;
  const typeChanged = () => {
    if (connection!.type === type) return;
    type = connection!.type;
    changed();
  };
  addEventListener('online', changed);
  connection?.addEventListener('change', typeChanged);
  return () => {
    removeEventListener('online', changed);
    connection?.removeEventListener('change', typeChanged);
  };
}
