// The one RTCPeerConnection of a session: sections, offers one at a time, ICE restarts (docs/protocol.md, "Media").
import type { Clock } from './clock.js';
import { codecOrder } from './encodings.js';
import { IceRestarts } from './ice-restarts.js';
import type { VideoCodec } from './capture.js';
import { retrying } from './retry.js';
import type { Answer, Candidate, IceServer, Kind, Notice, Publication } from './protocol.js';

export type TransportState = 'connecting' | 'connected' | 'interrupted' | 'failed' | 'closed';

export interface TransportHandler {
  offer(id: number, sdp: string, publish: Record<string, Publication>): Promise<Answer>;
  notify(notice: Notice): void;
  /** What each sending section carries, asked when an offer is made. */
  publications(): Record<string, Publication>;
  /** An offer has its answer, or was taken back. */
  negotiated(): void;
  state(state: TransportState): void;
  /** Whether an offer would reach the server now. */
  canSignal(): boolean;
  /** Fresh TURN credentials, before a restart. */
  iceServers(): Promise<IceServer[]>;
}

export class Transport {
  readonly pc: RTCPeerConnection;
  readonly #handler: TransportHandler;
  readonly #clock: Clock;
  readonly #restarts: IceRestarts;
  readonly #shapes = new Map<RTCRtpTransceiver, string>();
  readonly #free = new Map<RTCRtpTransceiver, string>();
  #offerId = 0;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<Answer> | undefined;
  #state: TransportState = 'connecting';

  constructor(iceServers: IceServer[], clock: Clock, handler: TransportHandler) {
    this.#handler = handler;
    this.#clock = clock;
    this.#restarts = new IceRestarts(clock, {
      canSignal: () => handler.canSignal(),
      stands: () => this.pc.connectionState === 'connected',
      restart: () => this.#restart(),
      gaveUp: () => this.#enter('failed'),
    });
    this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers });
    this.pc.onicecandidate = ({ candidate }) => this.#trickle(candidate);
    this.pc.onconnectionstatechange = () => this.#connectionChanged();
  }

  get state(): TransportState {
    return this.#state;
  }

  /** Sees to it that there are so many sections to receive on; true when an offer is needed for it. */
  receive(audio: number, video: number): boolean {
    let added = false;
    for (const [kind, wanted] of [['audio', audio], ['video', video]] as const) {
      for (let have = this.#receiving(kind); have < wanted; have++) {
        const transceiver = this.pc.addTransceiver(kind, { direction: 'recvonly' });
        if (kind === 'video') offerExtensions(transceiver, descriptor);
        added = true;
      }
    }
    return added;
  }

  /** The receiver of a section that has been answered. */
  receiverOf(mid: string): RTCRtpReceiver | undefined {
    return this.pc.getTransceivers().find(t => t.mid === mid && t.direction === 'recvonly')?.receiver;
  }

  /** A section to send on: a free one of the same shape, else a new one. Takes effect with the next offer. */
  send(media: MediaStreamTrack | null, kind: Kind, encodings: RTCRtpEncodingParameters[], codec: VideoCodec): RTCRtpTransceiver {
    const shape = JSON.stringify([kind, codec, encodings]);
    const free = [...this.#free].find(([, known]) => known === shape)?.[0];
    if (free) {
      this.#free.delete(free);
      free.direction = 'sendonly';
      void free.sender.replaceTrack(media);
      return free;
    }
    const transceiver = this.pc.addTransceiver(media ?? kind, { direction: 'sendonly', sendEncodings: encodings });
    const codecs = kind === 'video' ? RTCRtpSender.getCapabilities('video')?.codecs : undefined;
    if (codecs) transceiver.setCodecPreferences(codecOrder(codecs, codec));
    if (encodings.length > 1) offerExtensions(transceiver, rids);
    if (codec === 'AV1') offerExtensions(transceiver, descriptor);
    this.#shapes.set(transceiver, shape);
    return transceiver;
  }

  /** Ends sending on a section; others know after the next offer. */
  stopSending(transceiver: RTCRtpTransceiver): void {
    transceiver.direction = 'inactive';
    void transceiver.sender.replaceTrack(null);
    this.#free.set(transceiver, this.#shapes.get(transceiver)!);
  }

  /** Makes an offer of what is there now. While one is under way, all that ask share the next. */
  negotiate(): Promise<Answer> {
    return this.#next ??= this.#running.then(() => {
      const exchange = this.#exchange();
      this.#next = undefined;
      this.#running = exchange.catch(() => {});
      return exchange;
    });
  }

  /** Resolves when no offer is under way: what was answered before is in place. */
  settled(): Promise<unknown> {
    return this.#running;
  }

  /** A restart was asked for while the server could not be reached. */
  get restartDue(): boolean {
    return this.#restarts.due;
  }

  /** New ICE credentials, for a new network. Does nothing while the first connection is still being made. */
  restartIce(): void {
    if (this.#state !== 'connecting') void this.#restarts.ask();
  }

  addRemoteCandidate({ candidate, mid }: Candidate): void {
    void this.pc.addIceCandidate({ candidate, sdpMid: mid }).catch(() => {});
  }

  close(): void {
    this.#restarts.close();
    this.#state = 'closed';
    this.pc.onicecandidate = this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  get #closed(): boolean {
    return this.#state === 'closed';
  }

  #receiving(kind: Kind): number {
    return this.pc.getTransceivers().filter(t => t.direction === 'recvonly' && t.receiver.track.kind === kind).length;
  }

  async #exchange(): Promise<Answer> {
    await this.pc.setLocalDescription();
    try {
      const offer = () => this.#handler.offer(++this.#offerId, this.pc.localDescription!.sdp, this.#handler.publications());
      const answer = await retrying(this.#clock, offer, () => !this.#closed);
      await this.pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
      return answer;
    } catch (error) {
      if (this.pc.signalingState === 'have-local-offer') await this.pc.setLocalDescription({ type: 'rollback' });
      throw error;
    } finally {
      this.#handler.negotiated();
    }
  }

  async #restart(): Promise<void> {
    const iceServers = await this.#handler.iceServers().catch(() => undefined);
    if (this.#closed) return;
    if (iceServers) this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers });
    this.pc.restartIce();
    await this.negotiate().catch(() => {});
  }

  #trickle(candidate: RTCIceCandidate | null): void {
    const ufrag = candidate?.usernameFragment;
    this.#handler.notify({
      type: 'candidate', candidate: candidate?.candidate ?? '', mid: candidate?.sdpMid ?? this.pc.getTransceivers()[0]?.mid ?? '0', ...(ufrag && { ufrag }),
    });
  }

  #connectionChanged(): void {
    switch (this.pc.connectionState) {
      case 'connected':
        this.#restarts.connected();
        this.#enter('connected');
        break;
      case 'disconnected':
        this.#restarts.interrupted();
        this.#enter('interrupted');
        break;
      case 'failed':
        if (this.#state === 'connecting') this.#enter('failed');
        else {
          this.#enter('interrupted');
          this.restartIce();
        }
        break;
    }
  }

  #enter(state: TransportState): void {
    if (state === this.#state || this.#closed) return;
    this.#state = state;
    this.#handler.state(state);
  }
}

/** The part of RTCRtpTransceiver that only Chromium has (webrtc-extensions, section 5.2). */
interface ExtensionsToNegotiate {
  getHeaderExtensionsToNegotiate?(): { uri: string; direction: string }[];
  setHeaderExtensionsToNegotiate?(extensions: { uri: string; direction: string }[]): void;
}

/**
 * Chromium gives a new section only the extensions that the first section of its kind negotiated. When that one receives, it
 * has no rids, and Chromium then refuses its own offer of simulcast.
 */
const rids = /rtp-stream-id$/;

/** Without it Chromium cannot tell the spatial layers of AV1 apart, and a section that receives does not offer it of its own. */
const descriptor = /dependency-descriptor/;

/** Offers these besides what the browser chose, where it lets us. */
function offerExtensions(transceiver: RTCRtpTransceiver & ExtensionsToNegotiate, wanted: RegExp): void {
  const extensions = transceiver.getHeaderExtensionsToNegotiate?.();
  if (!extensions) return;
  transceiver.setHeaderExtensionsToNegotiate?.(extensions.map(extension =>
    wanted.test(extension.uri) ? { ...extension, direction: 'sendrecv' } : extension));
}
