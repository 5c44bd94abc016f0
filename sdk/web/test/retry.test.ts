import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NexusError } from '../src/errors.js';
import { retrying } from '../src/retry.js';
import { FakeClock } from './fake-clock.js';

/** Tries that are refused with the codes, one after the other, and then succeed; `at` holds their times. */
function tries(codes: string[], wanted = () => true) {
  const clock = new FakeClock(), at: number[] = [];
  const result = retrying(clock, async () => {
    at.push(clock.now());
    const code = codes.shift();
    if (code) throw new NexusError(code, code);
    return 'done';
  }, wanted).catch((error: NexusError) => error.code);
  return { clock, at, result };
}

for (const code of ['RATE_LIMITED', 'NODE_TIMEOUT', 'UNAVAILABLE', 'TIMEOUT']) {
  test(`${code} passes: it is tried again after half a second`, async () => {
    const { clock, at, result } = tries([code]);
    await clock.advance(10_000);
    assert.equal(await result, 'done');
    assert.deepEqual(at, [0, 500]);
  });
}

test('the fourth refusal is the last', async () => {
  const { clock, at, result } = tries(Array(9).fill('TIMEOUT') as string[]);
  await clock.advance(60_000);
  assert.equal(await result, 'TIMEOUT');
  assert.deepEqual(at, [0, 500, 2000, 5000]);
});

test('a refusal that is about what was asked for is final', async () => {
  const { at, result } = tries(['PERMISSION']);
  assert.equal(await result, 'PERMISSION');
  assert.deepEqual(at, [0]);
});

test('what nobody waits for any more is not tried again', async () => {
  const { clock, at, result } = tries(['TIMEOUT'], () => false);
  await clock.advance(10_000);
  assert.equal(await result, 'TIMEOUT');
  assert.deepEqual(at, [0]);
});
