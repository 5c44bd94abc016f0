/** Time and chance, so that tests can set both. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Calls `act` after `ms`; the function returned cancels it. */
  after(ms: number, act: () => void): () => void;
  /** 0 ≤ x < 1. */
  random(): number;
}

export const realClock: Clock = {
  now: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Calls `act` every `ms` until the function returned is called. */
export function every(clock: Clock, ms: number, act: () => void): () => void {
  let cancel = () => {};
  const arm = () => {
    cancel = clock.after(ms, () => {
      arm();
      act();
    });
  };
  arm();
  return () => cancel();
}
