import assert from 'node:assert/strict';
import test from 'node:test';
import { connected, delayBefore, reconnect, type Reconnection, type ReconnectEvent } from '../src/reconnect.js';

const policy = { giveUpAfter: 60_000, random: () => 0.5 };
const after = (state: Reconnection, now: number, ...events: ReconnectEvent[]) => events.reduce((s, event) => reconnect(s, event, now, policy), state);
const lost = after(connected, 1000, { type: 'lost' });
const trying = after(lost, 1300, { type: 'due' });
const failed = (code: string): ReconnectEvent => ({ type: 'failed', code });

test('delays are 0.3, 1.2, 2.7, 4.8, 7, 7 seconds', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(n => Math.round(delayBefore(n, () => 0.5))), [300, 1200, 2700, 4800, 7000, 7000]);
});

test('delays are jittered by a fifth', () => {
  assert.deepEqual([0, 0.9999].map(x => Math.round(delayBefore(2, () => x))), [960, 1440]);
});

test('a lost connection is resumed after 0.3 s', () => {
  assert.deepEqual([lost.phase, lost.mode, lost.retryAt], ['waiting', 'resume', 1300]);
  assert.equal(trying.phase, 'trying');
  assert.equal(after(trying, 1400, { type: 'succeeded' }), connected);
});

test('each failure waits longer', () => {
  let state = trying;
  const waits = [2, 3, 4].map(() => {
    state = after(state, 5000, failed('CONNECT_FAILED'));
    const wait = Math.round(state.retryAt - 5000);
    state = after(state, state.retryAt, { type: 'due' });
    return wait;
  });
  assert.deepEqual(waits, [1200, 2700, 4800]);
});

test('when the grace time is over it joins anew, at once', () => {
  const state = after(trying, 20_000, failed('SESSION_NOT_FOUND'));
  assert.deepEqual([state.phase, state.mode, state.retryAt], ['waiting', 'rejoin', 20_000]);
});

test('a re-join goes on being one while it fails', () => {
  const state = after(trying, 20_000, failed('SESSION_NOT_FOUND'), { type: 'due' }, failed('NO_NODE'));
  assert.deepEqual([state.phase, state.mode], ['waiting', 'rejoin']);
});

for (const code of ['TOKEN_EXPIRED', 'ROOM_FULL', 'PERMISSION', 'REMOVED']) {
  test(`${code} ends it`, () => {
    const state = after(trying, 2000, failed(code));
    assert.deepEqual([state.phase, state.code], ['ended', code]);
  });
}

test('it gives up when the time is over', () => {
  const state = after(trying, 61_000, failed('CONNECT_FAILED'));
  assert.deepEqual([state.phase, state.code], ['ended', 'CONNECTION_LOST']);
});

test('a network that is back cuts the wait short, and starts the delays again', () => {
  const waiting = after(trying, 5000, failed('CONNECT_FAILED'), { type: 'due' }, failed('CONNECT_FAILED'));
  const state = after(waiting, 5100, { type: 'online' });
  assert.deepEqual([state.phase, state.retryAt], ['waiting', 5100]);
  assert.equal(Math.round(after(state, 5100, { type: 'due' }, failed('CONNECT_FAILED')).retryAt), 6300);
});

test('a network change while connected changes nothing', () => assert.equal(after(connected, 1, { type: 'online' }), connected));

for (const [then, mode] of [['resume', 'resume'], ['rejoin', 'rejoin']] as const) {
  test(`sent away with ${then}, it comes back within 100 ms`, () => {
    const state = after(connected, 1000, { type: 'leave', then, code: 'NODE_LOST' });
    assert.deepEqual([state.phase, state.mode, state.retryAt], ['waiting', mode, 1050]);
  });
}

test('sent away again and again, it waits longer', () => {
  const state = after(trying, 2000, { type: 'leave', then: 'rejoin', code: 'NODE_LOST' });
  assert.equal(Math.round(state.retryAt - 2000), 1200);
});

test('sent away for good, it stays away', () => {
  const state = after(connected, 1000, { type: 'leave', then: 'stop', code: 'REMOVED' }, { type: 'lost' }, { type: 'online' }, { type: 'due' });
  assert.deepEqual([state.phase, state.code], ['ended', 'REMOVED']);
});
