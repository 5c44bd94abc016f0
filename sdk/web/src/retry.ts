// Refusals that are about the moment, not about what was asked for.
import type { Clock } from './clock.js';
import { NexusError } from './errors.js';

const passing = new Set(['RATE_LIMITED', 'NODE_TIMEOUT', 'UNAVAILABLE', 'TIMEOUT']);

/** Milliseconds before each further try. */
const waits = [500, 1500, 3000];

/** Does `act`, and again after a while when it was refused for a reason that passes. `wanted` is asked before each further try. */
export async function retrying<T>(clock: Clock, act: () => Promise<T>, wanted: () => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await act();
    } catch (error) {
      const wait = error instanceof NexusError && passing.has(error.code) ? waits[tries] : undefined;
      if (wait === undefined) throw error;
      await new Promise<void>(resolve => clock.after(wait, resolve));
      if (!wanted()) throw error;
    }
  }
}
