/** The media elements that show one track, whichever MediaStreamTrack stands behind it at the time. */
export class Attachments {
  readonly #elements = new Set<HTMLMediaElement>();
  #media: MediaStreamTrack | undefined;

  /**
   * @param muted for one's own tracks, which nobody wants to hear.
   * @param blocked is told when the browser refuses to play with sound before the user has touched the page.
   */
  constructor(
    readonly kind: 'audio' | 'video',
    readonly muted: boolean,
    readonly blocked: (element: HTMLMediaElement) => void = () => {},
  ) {}

  get elements(): readonly HTMLMediaElement[] {
    return [...this.#elements];
  }

  set media(media: MediaStreamTrack | undefined) {
    if (media === this.#media) return;
    this.#media = media;
    for (const element of this.#elements) this.#show(element);
  }

  attach(element: HTMLMediaElement = document.createElement(this.kind)): HTMLMediaElement {
    this.#elements.add(element);
    element.autoplay = true;
    if (this.muted || this.kind === 'video') element.muted = true;
    if (element instanceof HTMLVideoElement) element.playsInline = true;
    this.#show(element);
    return element;
  }

  detach(element?: HTMLMediaElement): void {
    for (const attached of element ? [element] : this.elements) {
      if (this.#elements.delete(attached)) attached.srcObject = null;
    }
  }

  #show(element: HTMLMediaElement): void {
    const shown = element.srcObject instanceof MediaStream ? element.srcObject.getTracks() : [];
    if (this.#media && shown.length === 1 && shown[0] === this.#media) return; // set again, a picture would blink
    element.srcObject = this.#media ? new MediaStream([this.#media]) : null;
    if (!this.#media) return;
    element.play().catch((error: unknown) => {
      if (error instanceof Error && error.name === 'NotAllowedError') this.blocked(element);
    });
  }
}
