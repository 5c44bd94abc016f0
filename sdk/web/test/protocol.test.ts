import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { definitions, faults, repository } from './schema.js';

const document = readFileSync(new URL('docs/protocol.md', repository), 'utf8');
const lines = [...document.matchAll(/^([CS]) (\{.*)$/gm)].map(([, side, json]) => ({ side, message: JSON.parse(json!) as { type: string } }));

test('every line of the example exchange is valid', () => {
  assert.ok(lines.length > 30);
  for (const { side, message } of lines) {
    assert.equal(faults(side === 'C' ? 'ClientMessage' : 'ServerMessage', message), '', JSON.stringify(message));
  }
});

test('the document names every type of message', () => {
  const schema = readFileSync(new URL('docs/protocol.schema.json', repository), 'utf8');
  const types = new Set([...schema.matchAll(/"type": \{"const": "([a-z-]+)"\}/g)].map(([, type]) => type!));
  assert.ok(types.size >= 24);
  assert.deepEqual([...types].filter(type => !document.includes(`\`${type}\``)), []);
});

test('each side has its own messages', () => {
  const [join] = lines.filter(({ message }) => message.type === 'join');
  assert.notEqual(faults('ServerMessage', join!.message), '');
  assert.ok(definitions.includes('ClientMessage') && definitions.includes('ServerMessage'));
});

for (const [what, message] of [
  ['an unknown type', { type: 'nonsense' }],
  ['a missing field', { type: 'mute', requestId: 1, trackSid: 'TR_1' }],
  ['a field of the wrong type', { type: 'mute', requestId: 1, trackSid: 'TR_1', muted: 'yes' }],
  ['a misspelt field', { type: 'ack', trackSid: 'TR_1', mid: '0', traksid: 1 }],
  ['a sid that is none', { type: 'ack', trackSid: 'track', mid: '0' }],
  ['a request without an id', { type: 'snapshot' }],
  ['a loss above 1', { type: 'quality-report', intervalMs: 1000, up: [], down: [{ trackSid: 'TR_1', kind: 'audio', bps: 1, loss: 2, jitterMs: 0 }] }],
  ['too long a room', { type: 'join', requestId: 1, room: 'r'.repeat(257) }],
] as const) {
  test(`the schema refuses ${what}`, () => assert.notEqual(faults('ClientMessage', message), ''));
}
