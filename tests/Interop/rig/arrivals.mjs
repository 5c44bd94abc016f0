/** What came of each publisher at one viewer: how often, and the longest time without since the last reset. Also runs in pages. */
export class Arrivals {
  #of = new Map();

  note(identity, now = performance.now()) {
    const known = this.#of.get(identity), gap = known ? now - known.last : 0;
    this.#of.set(identity, { last: now, count: (known?.count ?? 0) + 1, longest: Math.max(known?.longest ?? 0, gap) });
  }

  reset() {
    for (const known of this.#of.values()) known.longest = 0;
  }

  get all() {
    return Object.fromEntries([...this.#of].map(([identity, { count, longest }]) => [identity, { count, longest: Math.round(longest) }]));
  }
}
