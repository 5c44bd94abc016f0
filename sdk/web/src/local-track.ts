import { Attachments } from './attachments.js';
import type { VideoCodec } from './capture.js';
import { Emitter } from './emitter.js';
import type { Kind, Source } from './protocol.js';

interface Events {
  muted: [muted: boolean];
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
  #stopped = false;
  #deviceId: string | undefined;

  /** Set while it is published. */
  sid: string | undefined;

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
    } else {
      this.#media!.enabled = false;
    }
    this.emit('muted', true);
  }

  /** Sends again. Rejects when the camera cannot be opened any more. */
  async unmute(): Promise<void> {
    if (!this.#muted || this.#stopped) return;
    if (!this.#media) this.#replace(await this.#capture!(this.#deviceId));
    this.#media!.enabled = true;
    this.#muted = false;
    this.emit('muted', false);
  }

  /** Goes over to another device; what is published goes on without a gap in its name. */
  async useDevice(deviceId: string): Promise<void> {
    if (!this.#capture || this.#stopped) return;
    this.#deviceId = deviceId;
    if (this.source === 'camera' && this.#muted) return;
    const media = await this.#capture(deviceId);
    media.enabled = !this.#muted;
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

  #replace(media: MediaStreamTrack): void {
    this.#use(media);
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
