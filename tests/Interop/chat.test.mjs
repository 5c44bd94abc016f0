// Data messages and chat between members who use the web SDK: Chromium, Chromium, Firefox.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Member } from './rig/sdk.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
const nothing = { camera: false, microphone: false };

/** Members in a room of their own, all connected. */
async function members(t, browsers, options = []) {
  const server = await stage.server, room = newRoom();
  const tabs = await stage.tabs(t, ...browsers.map(name => stage[name]));
  return Promise.all(tabs.map(async (tab, i) => {
    const member = await Member.joins(tab, server, room, ['ada', 'bob', 'cleo'][i], { ...nothing, ...options[i] });
    await member.until('connected', ({ state, participants }) => state === 'connected' && participants.length === browsers.length - 1);
    return member;
  }));
}

/** Waits until a member has got that many messages and returns them. */
const got = (member, kind, count) => until(`${count} messages of ${kind}`, async () => {
  const messages = await member.tab.evaluate(kind => globalThis.member[kind], kind);
  return messages.length >= count && messages;
}, { seen: () => member.tab.evaluate(kind => globalThis.member[kind], kind) });

test('messages reach all, or those they name, across Chromium and Firefox', async t => {
  const [ada, bob, cleo] = await members(t, ['chromium', 'chromium', 'firefox']);
  await ada.does(member => member.room.sendData('to all'));
  await ada.does(member => member.room.sendData({ x: 1 }, { topic: 'state', to: ['cleo'] }));
  assert.deepEqual(await got(cleo, 'data', 2), [['ada', 'to all', '', true], ['ada', '{"x":1}', 'state', true]]);
  await cleo.does(member => member.room.sendData('from Firefox'));
  assert.deepEqual(await got(bob, 'data', 2), [['ada', 'to all', '', true], ['cleo', 'from Firefox', '', true]]);
  // lossy ones may be lost: say it until one is heard
  await until('a lossy message', async () => {
    await bob.does(member => member.room.sendData('quick', { reliable: false }));
    return (await ada.tab.evaluate(() => globalThis.member.data)).some(([from, text, , reliable]) => from === 'bob' && text === 'quick' && !reliable);
  });
});

test('six megabytes arrive whole and in order, and too much at once is refused by code', async t => {
  const [ada, bob] = await members(t, ['chromium', 'firefox']);
  await bob.does(member => {
    member.large = [];
    member.room.on('data', ({ payload }) => member.large.push([payload.length, payload[0], payload.at(-1)]));
  });
  await ada.does(async member => {
    for (let i = 0; i < 100; i++) await member.room.sendData(new Uint8Array(60_000).fill(i));
  });
  const large = await until('all of them', async () => {
    const large = await bob.tab.evaluate(() => globalThis.member.large);
    return large.length === 100 && large;
  }, { seconds: 30, seen: () => bob.tab.evaluate(() => globalThis.member.large.length) });
  assert.ok(large.every(([length, first, last], i) => length === 60_000 && first === i && last === i));
  assert.equal(await ada.does(member => member.room.sendData(new Uint8Array(64_000)).catch(error => error.code)), 'TOO_LARGE');
});

test('who may not send data is told so, and hears the others', async t => {
  const [ada, bob] = await members(t, ['chromium', 'chromium'], [{ grants: { canPublishData: false } }]);
  assert.equal(await ada.does(member => member.room.sendData('x').catch(error => error.code)), 'PERMISSION');
  await bob.does(member => member.room.chat.send('hello'));
  assert.deepEqual(await got(ada, 'chat', 1), [['bob', 'hello']]);
});

test('chat reaches all, one\'s own is shown too, and a long one comes whole', async t => {
  const [ada, bob, cleo] = await members(t, ['chromium', 'chromium', 'firefox']);
  await ada.does(member => member.room.chat.send('grüße 🙂'));
  await Promise.all([got(bob, 'chat', 1), got(cleo, 'chat', 1)]);
  await cleo.does(member => member.room.chat.send('🙂'.repeat(7000)));
  const expected = [['ada', 'grüße 🙂'], ['cleo', '🙂'.repeat(7000)]];
  for (const member of [ada, bob, cleo]) assert.deepEqual(await got(member, 'chat', 2), expected);
});
