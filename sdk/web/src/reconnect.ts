// When to try to come back, how, and when to give up (docs/protocol.md, "Coming back"). Pure: no timer, no socket.

/** Codes that another try may well mend. All others end the session. */
const passing = new Set([
  'CONNECT_FAILED', 'CONNECTION_LOST', 'TIMEOUT', 'UNAVAILABLE', 'NO_NODE', 'NODE_TIMEOUT', 'NODE_LOST', 'RATE_LIMITED', 'SLOW_READER', 'INTERNAL',
]);

export interface Reconnection {
  readonly phase: 'connected' | 'waiting' | 'trying' | 'ended';
  /** `resume`: the same session; `rejoin`: its grace time is over, or the server asked for a new one. */
  readonly mode: 'resume' | 'rejoin';
  /** Tries since the connection was lost. */
  readonly attempt: number;
  /** When the connection was lost; undefined while it stands. */
  readonly since: number | undefined;
  /** When to try next, in phase `waiting`. */
  readonly retryAt: number;
  /** Why, in phase `ended`. */
  readonly code: string | undefined;
}

export type ReconnectEvent =
  /** The connection is gone. */
  | { type: 'lost' }
  /** `retryAt` has come. */
  | { type: 'due' }
  /** The try failed. */
  | { type: 'failed'; code: string }
  | { type: 'succeeded' }
  /** The browser says that the network is back: no use in waiting on. */
  | { type: 'online' }
  /** The server sends the client away. */
  | { type: 'leave'; then: 'stop' | 'rejoin' | 'resume'; code: string };

export interface ReconnectPolicy {
  /** Milliseconds after which it gives up. */
  readonly giveUpAfter: number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

export const connected: Reconnection = { phase: 'connected', mode: 'resume', attempt: 0, since: undefined, retryAt: 0, code: undefined };

/** Milliseconds before the n-th try, 1 the first: 0.3, 1.2, 2.7, 4.8, 7, 7 … s, each ±20 %. */
export function delayBefore(attempt: number, random: () => number): number {
  return Math.min(7000, 300 * attempt * attempt) * (0.8 + 0.4 * random());
}

export function reconnect(state: Reconnection, event: ReconnectEvent, now: number, policy: ReconnectPolicy): Reconnection {
  if (state.phase === 'ended') return state;
  switch (event.type) {
    case 'succeeded':
      return connected;
    case 'lost':
      return state.phase === 'waiting' ? state : wait({ ...state, since: state.since ?? now }, now, policy);
    case 'due':
      return state.phase === 'waiting' ? { ...state, phase: 'trying' } : state;
    case 'online':
      return state.phase === 'waiting' ? { ...state, attempt: 1, retryAt: now } : state;
    case 'leave':
      return event.then === 'stop'
        ? { ...state, phase: 'ended', code: event.code }
        : { ...state, phase: 'waiting', mode: event.then, attempt: state.attempt + 1, since: state.since ?? now, retryAt: now + soon(state, policy) };
    case 'failed':
      if (event.code === 'SESSION_NOT_FOUND' && state.mode === 'resume') {
        return { ...state, phase: 'waiting', mode: 'rejoin', retryAt: now };
      }
      return passing.has(event.code) ? wait(state, now, policy) : { ...state, phase: 'ended', code: event.code };
  }
}

function wait(state: Reconnection, now: number, policy: ReconnectPolicy): Reconnection {
  const attempt = state.attempt + 1, retryAt = now + delayBefore(attempt, policy.random);
  return retryAt - state.since! > policy.giveUpAfter
    ? { ...state, phase: 'ended', code: 'CONNECTION_LOST' }
    : { ...state, phase: 'waiting', attempt, retryAt };
}

/** A server that sends all away must not get all back in the same millisecond; one that does it again has to wait longer. */
const soon = (state: Reconnection, policy: ReconnectPolicy) =>
  state.attempt === 0 ? 100 * policy.random() : delayBefore(state.attempt + 1, policy.random);
