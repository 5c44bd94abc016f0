// Asks of each video track only what its elements can show: their size on screen, or nothing when none is visible.
import type { Wish } from './protocol.js';
import type { RemoteTrack } from './remote-track.js';

export interface Shown {
  width: number;
  height: number;
  visible: boolean;
}

/** The wish that serves all elements: the largest visible one. Sizes go in steps, so that a resize is not a stream of wishes. */
export function wishFor(elements: readonly Shown[], pixelRatio: number, before: Wish): Wish {
  const { maxWidth: _, maxHeight: __, paused: ___, ...rest } = before;
  const visible = elements.filter(e => e.visible && e.width > 0 && e.height > 0);
  if (visible.length === 0) return { ...rest, paused: true };
  const step = (size: number) => Math.min(16_384, Math.ceil(size * pixelRatio / 16) * 16);
  return { ...rest, maxWidth: step(Math.max(...visible.map(e => e.width))), maxHeight: step(Math.max(...visible.map(e => e.height))) };
}

/** Watches the elements of tracks. Elements that were never attached ask for nothing: a track without elements keeps its wish. */
export class AdaptiveWishes {
  readonly #shown = new Map<Element, { track: RemoteTrack; visible: boolean }>();
  readonly #sizes = new ResizeObserver(entries => entries.forEach(({ target }) => this.#update(target)));
  readonly #sights = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) {
      const shown = this.#shown.get(target);
      if (shown) shown.visible = isIntersecting;
      this.#update(target);
    }
  });

  /** The track's elements have changed. */
  attached(track: RemoteTrack): void {
    if (track.kind !== 'video') return;
    const now = new Set<Element>(track.elements);
    for (const [element, shown] of this.#shown) {
      if (shown.track === track && !now.has(element)) this.#forget(element);
    }
    for (const element of now) {
      if (this.#shown.get(element)?.track === track) continue;
      this.#shown.set(element, { track, visible: true });
      this.#sizes.observe(element);
      this.#sights.observe(element);
    }
  }

  close(): void {
    this.#sizes.disconnect();
    this.#sights.disconnect();
    this.#shown.clear();
  }

  #forget(element: Element): void {
    this.#shown.delete(element);
    this.#sizes.unobserve(element);
    this.#sights.unobserve(element);
  }

  #update(element: Element): void {
    const track = this.#shown.get(element)?.track;
    if (!track) return;
    const elements = track.elements.map(e => ({ width: e.clientWidth, height: e.clientHeight, visible: this.#shown.get(e)?.visible ?? true }));
    track.setWish(wishFor(elements, globalThis.devicePixelRatio || 1, track.wish));
  }
}
