// The media of a room: one transport at a time with what is published and subscribed on it, and its successor after a re-join.
import type { Clock } from './clock.js';
import { NexusError } from './errors.js';
import type { LocalTrack } from './local-track.js';
import type { Candidate, Joined, Resumed } from './protocol.js';
import { Publisher } from './publisher.js';
import type { RemoteTrack } from './remote-track.js';
import type { Session } from './session.js';
import { Subscriber } from './subscriber.js';
import { Transport, type TransportState } from './transport.js';

export interface MediaOwner {
  /** There is a new connection, which nothing was negotiated on yet. */
  connection(pc: RTCPeerConnection): void;
  /** The transport's state is another. */
  changed(): void;
  published(track: LocalTrack): void;
  unpublished(track: LocalTrack): void;
  track(sid: string): RemoteTrack | undefined;
  tracks(): Iterable<RemoteTrack>;
  subscribed(track: RemoteTrack): void;
}

/** New connections that may in a row come to nothing before the room is given up: a firewall does not go away. */
const maxDeadTransports = 2;

export class Media {
  readonly publisher: Publisher;
  readonly subscriber: Subscriber;
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #owner: MediaOwner;
  #transport: Transport;
  #deadTransports = 0;

  constructor(session: Session, joined: Joined, clock: Clock, owner: MediaOwner) {
    this.#session = session;
    this.#clock = clock;
    this.#owner = owner;
    this.#transport = this.#newTransport(joined);
    this.publisher = new Publisher(this.#transport, {
      request: message => session.request(message),
      published: track => owner.published(track),
      unpublished: track => owner.unpublished(track),
    });
    session.on('state', state => state === 'reconnecting' && this.publisher.interrupted());
    this.subscriber = new Subscriber(this.#transport, clock, {
      request: message => session.request(message),
      notify: notice => session.notify(notice),
      track: sid => owner.track(sid),
      subscribed: track => owner.subscribed(track),
    });
  }

  get state(): TransportState {
    return this.#transport.state;
  }

  get pc(): RTCPeerConnection {
    return this.#transport.pc;
  }

  /** The receiver of a section that has been answered. */
  receiverOf(mid: string): RTCRtpReceiver | undefined {
    return this.#transport.receiverOf(mid);
  }

  /** Sees to it that there are so many sections to receive on. */
  offerSections({ audio, video }: { audio: number; video: number }): void {
    if (this.#transport.receive(audio, video)) this.#negotiate();
  }

  addRemoteCandidate(candidate: Candidate): void {
    this.#transport.addRemoteCandidate(candidate);
  }

  networkChanged(): void {
    this.#transport.restartIce();
  }

  /** The same session on a new connection: what was said meanwhile may not have been heard. */
  resumed({ subscriptions, sections }: Resumed): void {
    void this.subscriber.replace(subscriptions);
    this.offerSections(sections);
    this.#repeat();
    if (this.#transport.state === 'interrupted' || this.#transport.restartDue) this.#transport.restartIce();
  }

  /** A new session: all that was negotiated is gone, what is published and wished for stays. */
  enter(joined: Joined): void {
    this.#transport.close();
    this.#transport = this.#newTransport(joined);
    this.subscriber.moveTo(this.#transport);
    this.#transport.receive(joined.sections.audio, joined.sections.video);
    this.publisher.moveTo(this.#transport);
    this.#negotiate();
    this.#repeat();
  }

  close(): void {
    this.subscriber.close();
    this.publisher.close();
    this.#transport.close();
  }

  #newTransport({ iceServers }: Joined): Transport {
    const transport = new Transport(iceServers, this.#clock, {
      offer: async (id, sdp, publish) => {
        const answer = await this.#session.request({ type: 'offer', id, sdp, publish });
        this.publisher.answered(answer.published);
        return answer;
      },
      notify: notice => this.#session.notify(notice),
      publications: () => this.publisher.publications(),
      negotiated: () => this.publisher.negotiated(),
      state: state => this.#transportChanged(state),
      canSignal: () => this.#session.state === 'connected',
      iceServers: async () => (await this.#session.request({ type: 'ice-servers' })).iceServers,
    });
    this.#owner.connection(transport.pc);
    return transport;
  }

  /** Offers what is there. When the very first offer is refused there is no room to be in. */
  #negotiate(): void {
    const transport = this.#transport;
    transport.negotiate().catch((error: unknown) => {
      if (transport === this.#transport && transport.state === 'connecting' && error instanceof NexusError) this.#session.fail(error);
    });
  }

  #repeat(): void {
    this.publisher.repeatMutes();
    this.subscriber.repeat(this.#owner.tracks());
  }

  #transportChanged(state: TransportState): void {
    if (state === 'connected') this.#deadTransports = 0;
    if (state === 'interrupted') this.#session.probe(); // the network may be another, and no event tell of it
    if (state === 'failed') {
      if (++this.#deadTransports < maxDeadTransports) this.#session.rejoin();
      else this.#session.fail(new NexusError('NO_ICE', 'No media connection to the server could be made: a firewall may block UDP and TCP to its media port.'));
    }
    this.#owner.changed();
  }
}
