// The messages that the codec is tested with are those of the pinned @livekit/protocol.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { golden, goldenFile } from './rig/golden.mjs';

test('the golden messages are what @livekit/protocol makes', () => {
  assert.equal(readFileSync(goldenFile, 'utf8'), golden(), 'run `node rig/golden.mjs` in tests/Interop');
});
