// Asks of each video track only what its elements can show: the size of the picture on screen, or nothing when none is seen.
import type { Wish } from './protocol.js';
import type { RemoteTrack } from './remote-track.js';

/** An element in CSS pixels, and how it shows a picture. */
export interface Shown {
  width: number;
  height: number;
  visible: boolean;
  /** CSS `object-fit`; `fill` when left out. */
  fit?: string;
  /** Size of the pictures that come now, of which the shape counts. */
  picture?: { width: number; height: number };
}

/** A resize by less is no news: the server allows for twice as much. */
const tolerance = 0.05;
const largest = 16_384;

/** The wish that serves all elements: the largest picture that is seen. Without any, it is paused. */
export function wishFor(elements: readonly Shown[], pixelRatio: number, before: Wish): Wish {
  const { maxWidth, maxHeight, paused: _, ...rest } = before;
  const seen = elements.filter(e => e.visible && e.width > 0 && e.height > 0).map(pictureOn);
  if (seen.length === 0) return { ...rest, paused: true };
  const pixels = (sides: number[]) => Math.min(largest, Math.max(1, Math.round(Math.max(...sides) * pixelRatio)));
  const width = pixels(seen.map(e => e.width)), height = pixels(seen.map(e => e.height));
  const isNews = !isNear(width, maxWidth) || !isNear(height, maxHeight);
  return isNews ? { ...rest, maxWidth: width, maxHeight: height } : { ...rest, maxWidth, maxHeight } as Wish;
}

const isNear = (size: number, before: number | undefined): boolean => before !== undefined && Math.abs(size - before) <= before * tolerance;

/** The size of a whole picture as the element shows it: cropped (`cover`) it is larger than the element, with bars (`contain`) smaller. */
function pictureOn({ width, height, fit, picture }: Shown): { width: number; height: number } {
  if (!picture || picture.width <= 0 || picture.height <= 0 || (fit !== 'cover' && fit !== 'contain')) return { width, height };
  const scales = [width / picture.width, height / picture.height];
  const scale = fit === 'cover' ? Math.max(...scales) : Math.min(...scales);
  return { width: picture.width * scale, height: picture.height * scale };
}

/**
 * Watches the elements of tracks. A track that was never attached keeps its wish; one whose last element was detached is paused, as
 * is one whose elements are out of sight, or all are while the page is hidden (but for one in picture-in-picture).
 */
export class AdaptiveWishes {
  readonly #shown = new Map<Element, { track: RemoteTrack; inSight: boolean }>();
  readonly #listening = new AbortController();
  readonly #sizes = new ResizeObserver(entries => entries.forEach(({ target }) => this.#updateOf(target)));
  readonly #sights = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) {
      const shown = this.#shown.get(target);
      if (shown) shown.inSight = isIntersecting;
      this.#updateOf(target);
    }
  });

  constructor() {
    const { signal } = this.#listening;
    for (const event of ['visibilitychange', 'enterpictureinpicture', 'leavepictureinpicture']) {
      document.addEventListener(event, () => new Set([...this.#shown.values()].map(({ track }) => track)).forEach(track => this.#update(track)), { signal });
    }
  }

  /** The track's elements have changed. */
  attached(track: RemoteTrack): void {
    if (track.kind !== 'video') return;
    const now = new Set<Element>(track.elements);
    let detached = false;
    for (const [element, shown] of this.#shown) {
      if (shown.track !== track || now.has(element)) continue;
      this.#forget(element);
      detached = true;
    }
    for (const element of now) {
      if (this.#shown.get(element)?.track === track) continue;
      this.#shown.set(element, { track, inSight: true });
      this.#sizes.observe(element);
      this.#sights.observe(element);
      element.addEventListener('resize', this.#resized); // the pictures have another shape
    }
    if (detached) this.#update(track);
  }

  close(): void {
    this.#listening.abort();
    for (const element of [...this.#shown.keys()]) this.#forget(element);
  }

  #forget(element: Element): void {
    this.#shown.delete(element);
    this.#sizes.unobserve(element);
    this.#sights.unobserve(element);
    element.removeEventListener('resize', this.#resized);
  }

  readonly #resized = ({ currentTarget }: Event): void => this.#updateOf(currentTarget as Element);

  #updateOf(element: Element): void {
    const track = this.#shown.get(element)?.track;
    if (track) this.#update(track);
  }

  #update(track: RemoteTrack): void {
    const elements = track.elements.map(e => this.#look(e as HTMLVideoElement));
    track.setWish(wishFor(elements, globalThis.devicePixelRatio || 1, track.wish));
  }

  #look(element: HTMLVideoElement): Shown {
    const inSight = this.#shown.get(element)?.inSight ?? true;
    return {
      width: element.clientWidth, height: element.clientHeight, fit: getComputedStyle(element).objectFit,
      visible: document.pictureInPictureElement === element || (inSight && document.visibilityState !== 'hidden'),
      picture: { width: element.videoWidth, height: element.videoHeight },
    };
  }
}
