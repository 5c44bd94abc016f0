// The meeting page in Chromium, clicked through: talk, mute, share, leave, lose the connection, be refused.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { launchChromium } from './rig/browser.mjs';
import { Guest } from './rig/meeting.mjs';
import { roomService } from './rig/room-service.mjs';
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

/** What a moderator does to a person in a room. */
async function moderator(server, room, name) {
  const person = async () => (await people(server, room)).find(p => p.name === name), { identity } = await person(), api = roomService(server, 'JSON');
  return {
    mute: async (source, muted) => {
      const { sid } = (await person()).tracks.find(track => track.source === source);
      const { status, text } = await server.request(`/api/v1/rooms/${room}/tracks/${sid}/mute`, {
        method: 'POST', headers: { ...admin.headers, 'content-type': 'application/json' }, body: JSON.stringify({ muted }),
      });
      assert.ok(status < 300, text);
    },
    restrict: permission => api.updateParticipant(room, identity, { permission: { canPublish: true, canSubscribe: true, canPublishData: true, ...permission } }),
    move: there => api.moveParticipant(room, identity, there),
  };
}

const pressed = id => document.getElementById(id).getAttribute('aria-pressed') === 'true';

test('who is muted by a moderator sees so, and cannot use the button until it is given back', async t => {
  const { server, room, ada, bob } = await two(t), { mute } = await moderator(server, room, 'Bob');
  await ada.seesTile(/^Bob$|^Bob, speaking/, { moving: 5 });
  await mute('microphone', true);
  await bob.until('the sentence', () => !document.getElementById('held').hidden && /muted your microphone: nobody hears you/.test(document.getElementById('held').textContent));
  assert.deepEqual(await bob.page.evaluate(() => {
    const mic = document.getElementById('mic');
    return [mic.disabled, mic.getAttribute('aria-pressed'), mic.getAttribute('aria-label'), getComputedStyle(mic.querySelector('.by-moderator')).display];
  }), [true, 'false', 'Microphone, off by a moderator', 'block']);
  await bob.page.bringToFront();
  await bob.page.keyboard.press('m');
  await bob.page.screenshot({ path: `${pictures}muted.png` });
  await ada.seesTile(/^Bob, microphone off/);
  await mute('microphone', false);
  await bob.until('it is given back', () => !document.getElementById('mic').disabled && document.getElementById('mic').getAttribute('aria-pressed') === 'true' && document.getElementById('held').hidden);
  await bob.until('the word of it', () => /gave your microphone back: it is on/.test(document.getElementById('notice').textContent));
  await ada.seesTile(/^Bob$|^Bob, speaking/);
  await bob.page.bringToFront();
  await bob.page.keyboard.press('m');
  assert.equal(await bob.page.evaluate(pressed, 'mic'), false);
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test('who may not write any more sees why, and no line of his looks sent that was not', async t => {
  const { server, room, ada, bob } = await two(t), { restrict } = await moderator(server, room, 'Bob');
  const lines = guest => guest.page.evaluate(() => [...document.querySelectorAll('#chat-log li > p:last-child')].map(p => p.textContent));
  await bob.page.bringToFront();
  await bob.page.keyboard.press('c');
  await bob.page.keyboard.type('before');
  await bob.page.keyboard.press('Enter');
  await until('the line', async () => (await lines(ada)).join() === 'before' && (await lines(bob)).join() === 'before');
  await bob.page.keyboard.type('too late');
  await Promise.all([restrict({ canPublishData: false }), bob.page.keyboard.press('Enter')]); // they race
  await bob.until('the line to write in is off', () => document.getElementById('chat-text').disabled && document.querySelector('#chat-form button').disabled);
  await bob.until('the reason', () => !document.getElementById('chat-silent').hidden && /a moderator/.test(document.getElementById('chat-silent').textContent));
  await bob.page.screenshot({ path: `${pictures}chat-silent.png` });
  await restrict({});
  await bob.until('the line to write in is back', () => !document.getElementById('chat-text').disabled && document.getElementById('chat-silent').hidden);
  await bob.page.evaluate(() => (document.getElementById('chat-text').value = ''));
  await bob.page.focus('#chat-text');
  await bob.page.keyboard.type('after');
  await bob.page.keyboard.press('Enter');
  const got = await until('the last line', async () => (await lines(ada)).at(-1) === 'after' && lines(ada));
  await until('the same lines at Bob', async () => isDeepStrictEqual(await lines(bob), got), { seen: () => lines(bob) });
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test('who may not publish any more has camera and microphone off, and turns them on himself when he may again', async t => {
  const { server, room, ada, bob } = await two(t), { restrict } = await moderator(server, room, 'Bob');
  await ada.seesTile(/^Bob/, { moving: 5 });
  await restrict({ canPublish: false });
  await bob.until('all off, and why', () => ['mic', 'cam', 'share'].every(id => document.getElementById(id).disabled && document.getElementById(id).getAttribute('aria-pressed') === 'false')
    && /does not let you speak or show anything/.test(document.getElementById('held').textContent));
  await ada.seesTile(/^Bob, camera off, microphone off/);
  await restrict({});
  await bob.until('usable, and off', () => ['mic', 'cam', 'share'].every(id => !document.getElementById(id).disabled && document.getElementById(id).getAttribute('aria-pressed') === 'false'));
  await bob.page.bringToFront();
  await bob.page.click('#cam');
  await ada.seesTile(/^Bob, microphone off/, { moving: 10 });
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test('who is moved is told where he is now', async t => {
  const { server, room, ada, bob } = await two(t), { move } = await moderator(server, room, 'Bob'), there = newRoom();
  await move(there);
  await bob.until('the word of it', there => !document.getElementById('banner').hidden && document.getElementById('banner-text').textContent === `A moderator moved you to ${there}.`
    && document.getElementById('title').textContent === there && document.getElementById('state').dataset.state === 'connected', there);
  await ada.until('to be alone', () => document.querySelectorAll('.tile').length === 1);
  await bob.until('to be alone', () => document.querySelectorAll('.tile').length === 1);
  await bob.page.screenshot({ path: `${pictures}moved.png` });
  assert.deepEqual((await people(server, there)).map(({ name }) => name), ['Bob']);
  await bob.page.bringToFront();
  await bob.page.click('#banner-act');
  assert.equal(await bob.page.evaluate(() => document.getElementById('banner').hidden), true);
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
