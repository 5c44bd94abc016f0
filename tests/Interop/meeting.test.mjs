// The meeting page in Chromium, clicked through: talk, mute, share, leave, lose the connection, be refused.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium } from './rig/browser.mjs';
import { Guest } from './rig/meeting.mjs';
import { adminToken, token } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
const pictures = fileURLToPath(new URL('../../artifacts/test/screens/', import.meta.url));
mkdirSync(pictures, { recursive: true });

/** Two people in a room, each in a tab. */
async function two(t) {
  const server = await stage.server, browser = await stage.chromium, room = newRoom();
  const ada = await Guest.comes(browser, server, room, 'Ada'), bob = await Guest.comes(browser, server, room, 'Bob');
  t.after(() => Promise.all([ada, bob].map(({ page }) => page.close())));
  await bob.joins();
  await ada.page.bringToFront();
  await ada.joins();
  return { server, room, ada, bob };
}

const people = async (server, room) => (await server.api(`/rooms/${room}/participants`)).participants;
const admin = { headers: { authorization: `Bearer ${adminToken()}` } };

test('two tabs of the page call each other at once', async t => {
  const { ada, bob } = await two(t);
  await ada.page.screenshot({ path: `${pictures}joined.png` });
  await ada.seesTile(/^Bob/, { moving: 20 });
  await bob.seesTile(/^Ada/, { moving: 20 });
  await ada.page.screenshot({ path: `${pictures}meeting.png` });
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test('others see mute, camera and screen share, set by keyboard', async t => {
  const { ada, bob } = await two(t);
  await ada.seesTile(/^Bob/, { moving: 5 });
  await bob.page.bringToFront();
  await bob.page.keyboard.press('m');
  await bob.page.keyboard.press('v');
  await ada.seesTile(/^Bob, camera off, microphone off/);
  await bob.page.bringToFront();
  await bob.page.keyboard.press('v');
  await ada.seesTile(/^Bob, microphone off/, { moving: 10 });
  await bob.page.bringToFront();
  await bob.page.keyboard.press('s');
  await ada.seesTile(/^Bob/, { source: 'screen', moving: 5 });
  await ada.page.screenshot({ path: `${pictures}share.png` });
  await bob.page.bringToFront();
  await bob.page.keyboard.press('s');
  await ada.until('the screen to be gone', () => !document.querySelector('.tile.screen'));
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test('people write to each other, by keyboard, and text stays text', async t => {
  const { ada, bob } = await two(t);
  await ada.page.keyboard.press('c');
  await ada.page.keyboard.type('Hello <b>Bob</b>');
  await ada.page.keyboard.press('Enter');
  await bob.until('one unread', () => document.getElementById('chat-toggle').getAttribute('aria-label') === 'Chat, 1 unread');
  await bob.page.bringToFront();
  await bob.page.setViewport({ width: 375, height: 700 });
  await bob.page.keyboard.press('c');
  await bob.page.keyboard.type('Hello Ada');
  await bob.page.keyboard.press('Enter');
  const read = () => [...document.querySelectorAll('#chat-log li')].map(li => [...li.querySelectorAll('strong, p:last-child')].map(e => e.textContent));
  const messages = guest => until(`two messages for ${guest.name}`, async () => {
    const messages = await guest.page.evaluate(read);
    return messages.length === 2 && messages;
  });
  assert.deepEqual(await messages(bob), [['Ada', 'Hello <b>Bob</b>'], ['You', 'Hello Ada']]);
  assert.deepEqual(await messages(ada), [['You', 'Hello <b>Bob</b>'], ['Bob', 'Hello Ada']]);
  assert.equal(await bob.page.evaluate(() => document.querySelector('#chat-log b')), null);
  const box = (guest, id) => guest.page.evaluate(id => {
    const { left, width, height } = document.getElementById(id).getBoundingClientRect();
    return { left, width, height };
  }, id);
  assert.ok(await bob.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than a phone');
  assert.deepEqual(await box(bob, 'chat'), { left: 0, width: 375, height: 700 });
  await bob.page.screenshot({ path: `${pictures}chat-phone.png` });
  await ada.page.bringToFront();
  await ada.page.setViewport({ width: 1200, height: 700 });
  const [stage, chat] = [await box(ada, 'stage'), await box(ada, 'chat')];
  assert.ok(stage.left === 0 && stage.left + stage.width <= chat.left && stage.width > 700 && chat.width > 300, JSON.stringify([stage, chat]));
  await ada.page.screenshot({ path: `${pictures}chat.png` });
  await ada.page.keyboard.press('Escape');
  assert.deepEqual(await ada.page.evaluate(() => [document.getElementById('chat').hidden, document.activeElement.id]), [true, 'chat-toggle']);
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test('a lost connection comes back as the same person, with no gap in the picture', async t => {
  const { server, room, ada, bob } = await two(t);
  const bobs = await bob.seesTile(/^Ada/, { moving: 10 });
  const before = await people(server, room);
  await ada.page.bringToFront();
  await ada.cut();
  await ada.until('the banner', () => !document.getElementById('banner').hidden);
  await ada.until('connected again', () => document.getElementById('state').dataset.state === 'connected' && document.getElementById('banner').hidden);
  await ada.seesTile(/^Bob/, { moving: 20 });
  assert.deepEqual((await people(server, room)).map(p => p.sid).sort(), before.map(p => p.sid).sort());
  assert.ok((await bob.seesTile(/^Ada/, { moving: 20 })).frames > bobs.frames);
});

test('leaving is seen by the others, and one can come back', async t => {
  const { ada, bob } = await two(t);
  await bob.page.bringToFront();
  await bob.page.click('#leave');
  await bob.until('the end', () => document.getElementById('ended').dataset.code === 'CLIENT_LEFT');
  await ada.until('to be alone', () => document.querySelectorAll('.tile').length === 1);
  await bob.page.click('#again');
  await ada.seesTile(/^Bob/, { moving: 10 });
});

test('who is removed is told so', async t => {
  const { server, room, ada, bob } = await two(t);
  const { identity } = (await people(server, room)).find(p => p.name === 'Bob');
  const { status } = await server.request(`/api/v1/rooms/${room}/participants/${encodeURIComponent(identity)}`, { method: 'DELETE', ...admin });
  assert.ok(status < 300, String(status));
  await bob.until('the end', () => document.getElementById('ended').dataset.code === 'REMOVED');
  await bob.page.screenshot({ path: `${pictures}removed.png` });
  await ada.until('to be alone', () => document.querySelectorAll('.tile').length === 1);
});

test('the same person from another place replaces the first, who is told so', async t => {
  const { server, room, ada } = await two(t);
  const { identity } = (await people(server, room)).find(p => p.name === 'Ada');
  const other = await Guest.comes(await stage.chromium, server, room, 'Ada');
  t.after(() => other.page.close());
  await other.page.evaluate(bearer => (document.getElementById('token').value = bearer), token({ room, identity }));
  await other.joins();
  await ada.until('the end', () => document.getElementById('ended').dataset.code === 'DUPLICATE_IDENTITY');
});

for (const [what, bearer, code] of [
  ['an expired token', room => token({ room, identity: 'x', ttl: -120 }), 'TOKEN_EXPIRED'],
  ['a token of another key', room => token({ room, identity: 'x', secret: 'wrong' }), 'TOKEN_SIGNATURE'],
  ['a token for another room', () => token({ room: 'another', identity: 'x' }), 'PERMISSION'],
]) {
  test(`${what} is refused by name`, async t => {
    const server = await stage.server, room = newRoom();
    const guest = await Guest.comes(await stage.chromium, server, room, 'Eve');
    t.after(() => guest.page.close());
    await guest.page.evaluate(text => (document.getElementById('token').value = text), bearer(room));
    await guest.page.click('#join');
    assert.equal(await until('a refusal', () => guest.refusal()), code);
  });
}

test('without permission for the camera the page says so, and one can join and watch', async t => {
  const server = await stage.server, room = newRoom();
  const strict = await launchChromium({ flags: ['--deny-permission-prompts'], fakeUi: false });
  t.after(() => strict.close());
  const guest = await Guest.comes(strict, server, room, 'Shy', { devices: false });
  assert.equal(await until('a refusal', () => guest.refusal()), 'CAPTURE_DENIED');
  await guest.page.screenshot({ path: `${pictures}denied.png` });
  await guest.page.click('#join');
  await guest.until('to be in', () => !document.getElementById('meeting').hidden);
});

test('at phone width nothing is cut off', async t => {
  const { ada } = await two(t);
  await ada.page.setViewport({ width: 360, height: 740 });
  await ada.seesTile(/^Bob/, { moving: 5 });
  const overflow = await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${overflow} px too wide`);
  await ada.page.screenshot({ path: `${pictures}phone.png` });
});
