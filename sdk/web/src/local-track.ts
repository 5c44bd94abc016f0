import { Attachments } from './attachments.js';
import type { VideoCodec } from './capture.js';
import { Emitter } from './emitter.js';
import { NexusError } from './errors.js';
import type { Kind, Source } from './protocol.js';

interface Events {
  muted: [muted: boolean];
  /** An admin muted it, or gave it back. */
  'muted-by-server': [muted: boolean];
  /** The device is gone, or the user stopped the screen share in the browser's own bar. */
  ended: [];
  /** Another device, or a camera that was opened again. */
  replaced: [media: MediaStreamTrack | undefined];
}

export interface LocalTrackInit {
  kind: Kind;
  source: Source;
  media: MediaStreamTrack;
  name?: string;
  codec?: VideoCodec;
  simulcast?: boolean;
  /** Opens the device (again); undefined when only the user can choose anew, as for screens. */
  capture?: (deviceId: string | undefined) => Promise<MediaStreamTrack>;
}

/** A camera, microphone or screen of one's own, published or not. */
export class LocalTrack extends Emitter<Events> {
  readonly kind: Kind;
  readonly source: Source;
  readonly name: string;
  readonly codec: VideoCodec;
  readonly simulcast: boolean;
  readonly #capture: LocalTrackInit['capture'];
  readonly #attachments: Attachments;
  #media: MediaStreamTrack | undefined;
  #muted = false;
  #mutedByServer = false;
  #stopped = false;
  #deviceId: string | undefined;

  /** Set while it is published. */
  sid: string | undefined;

  /** @internal Those of devices come from {@link Room.createCameraVideoTrack} and its like, others from {@link LocalTrack.of}. */
  constructor({ kind, source, media, name = '', codec = 'VP8', simulcast = true, capture }: LocalTrackInit) {
    super();
    this.kind = kind;
    this.source = source;
    this.name = name;
    this.codec = codec;
    this.simulcast = simulcast;
    this.#capture = capture;
    this.#attachments = new Attachments(kind, true);
    this.#use(media);
  }

  /** A track of any other origin: a canvas, a file, the app's own processing. */
  static of(media: MediaStreamTrack, options: { source?: Source; name?: string; codec?: VideoCodec; simulcast?: boolean } = {}): LocalTrack {
    return new LocalTrack({ kind: media.kind as Kind, source: 'unknown', media, ...options });
  }

  /** Undefined while the camera is off. */
  get mediaStreamTrack(): MediaStreamTrack | undefined {
    return this.#media;
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** An admin muted it: nobody gets it, nothing of it is sent, and {@link unmute} is refused until the admin gives it back. */
  get mutedByServer(): boolean {
    return this.#mutedByServer;
  }

  get deviceId(): string | undefined {
    return this.#media?.getSettings().deviceId ?? this.#deviceId;
  }

  /** Stops sending. The camera is switched off, so that its light goes out. */
  mute(): void {
    if (this.#muted || this.#stopped) return;
    this.#muted = true;
    if (this.source === 'camera' && this.#capture) {
      this.#deviceId = this.deviceId;
      this.#drop();
    }
    this.#gate();
    this.emit('muted', true);
  }

  /** Sends again. Rejects when the camera cannot be opened any more, and with `PERMISSION` while an admin has it muted. */
  async unmute(): Promise<void> {
    if (this.#mutedByServer) throw new NexusError('PERMISSION', `An admin muted your ${this.source}: only an admin can give it back.`);
    if (!this.#muted || this.#stopped) return;
    if (!this.#media) this.#replace(await this.#capture!(this.#deviceId));
    this.#muted = false;
    this.#gate();
    this.emit('muted', false);
  }

  /** Goes over to another device; what is published goes on without a gap in its name. */
  async useDevice(deviceId: string): Promise<void> {
    if (!this.#capture || this.#stopped) return;
    this.#deviceId = deviceId;
    if (this.source === 'camera' && this.#muted) return;
    const media = await this.#capture(deviceId);
    const old = this.#media;
    this.#replace(media);
    old?.stop();
  }

  /** Shows it, always without sound. */
  attach(element?: HTMLMediaElement): HTMLMediaElement {
    return this.#attachments.attach(element);
  }

  /** From one element, or from all. */
  detach(element?: HTMLMediaElement): void {
    this.#attachments.detach(element);
  }

  /** For good: the device is let go. */
  stop(): void {
    this.#stopped = true;
    this.#drop();
    this.detach();
  }

  /** The server's word on it. @internal */
  setMutedByServer(muted: boolean): void {
    if (muted === this.#mutedByServer) return;
    this.#mutedByServer = muted;
    this.#gate();
    this.emit('muted-by-server', muted);
  }

  /** Media flows unless somebody muted it. */
  #gate(): void {
    if (this.#media) this.#media.enabled = !this.#muted && !this.#mutedByServer;
  }

  #replace(media: MediaStreamTrack): void {
    this.#use(media);
    this.#gate();
    this.emit('replaced', media);
  }

  #use(media: MediaStreamTrack): void {
    this.#media = media;
    this.#attachments.media = media;
    media.addEventListener('ended', () => media === this.#media && this.emit('ended'));
  }

  #drop(): void {
    const media = this.#media;
    this.#media = undefined;
    this.#attachments.media = undefined;
    media?.stop();
    this.emit('replaced', undefined);
  }
}
