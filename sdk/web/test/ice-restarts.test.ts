import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IceRestarts } from '../src/ice-restarts.js';
import { FakeClock } from './fake-clock.js';

/** A connection as the restarts see it; `log` holds the times of the restarts, and of the end. */
function connection() {
  const clock = new FakeClock(), log: (number | string)[] = [];
  const state = { signals: true, stands: true, answer: () => Promise.resolve() };
  const restarts = new IceRestarts(clock, {
    canSignal: () => state.signals,
    stands: () => state.stands,
    restart: () => {
      log.push(clock.now());
      return state.answer();
    },
    gaveUp: () => log.push('gave up'),
  });
  return { clock, state, restarts, log };
}

test('an interruption of 1.5 s leads to a restart, and then one every 8 s until it is given up', async () => {
  const { clock, state, restarts, log } = connection();
  state.stands = false;
  restarts.interrupted();
  await clock.advance(60_000);
  assert.deepEqual(log, [1500, 9500, 17_500, 'gave up']);
});

test('an interruption that mends itself leads to none', async () => {
  const { clock, state, restarts, log } = connection();
  state.stands = false;
  restarts.interrupted();
  await clock.advance(1400);
  state.stands = true;
  restarts.connected();
  await clock.advance(60_000);
  assert.deepEqual(log, []);
});

test('a precaution while the connection stands is one restart, and so is each of many', async () => {
  const { clock, restarts, log } = connection();
  for (let i = 0; i < 6; i++) {
    void restarts.ask();
    await clock.advance(10_000);
  }
  assert.deepEqual(log, [0, 10_000, 20_000, 30_000, 40_000, 50_000]);
});

test('a connection that comes back has all its tries again', async () => {
  const { clock, state, restarts, log } = connection();
  state.stands = false;
  restarts.interrupted();
  await clock.advance(10_000);
  state.stands = true;
  restarts.connected();
  state.stands = false;
  restarts.interrupted();
  await clock.advance(60_000);
  assert.deepEqual(log, [1500, 9500, 11_500, 19_500, 27_500, 'gave up']);
});

test('what is asked for while one is under way is that one', async () => {
  const { clock, state, restarts, log } = connection();
  let answered = () => {};
  state.answer = () => new Promise<void>(resolve => { answered = resolve; });
  void restarts.ask();
  void restarts.ask();
  state.stands = false;
  restarts.interrupted();
  await clock.advance(5000);
  state.stands = true;
  answered();
  await clock.advance(60_000);
  assert.deepEqual(log, [0]);
});

test('without the server it is due, and done when asked again', async () => {
  const { clock, state, restarts, log } = connection();
  state.signals = state.stands = false;
  restarts.interrupted();
  await clock.advance(5000);
  assert.deepEqual([restarts.due, log], [true, []]);
  state.signals = true;
  void restarts.ask();
  assert.deepEqual([restarts.due, log], [false, [5000]]);
});

test('nothing comes after the end', async () => {
  const { clock, state, restarts, log } = connection();
  state.stands = false;
  restarts.interrupted();
  restarts.close();
  restarts.interrupted();
  void restarts.ask();
  await clock.advance(60_000);
  assert.deepEqual(log, []);
});
