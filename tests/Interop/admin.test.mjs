// The admin page in Chromium, beside a call: what it shows is what happens, and its buttons act.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Guest } from './rig/meeting.mjs';
import { Operator } from './rig/operator.mjs';
import { token } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
const pictures = fileURLToPath(new URL('../../artifacts/test/screens/', import.meta.url));
mkdirSync(pictures, { recursive: true });

const signsIn = async (t, bearer) => Operator.comes(t, await stage.chromium, await stage.server, bearer);

async function meeting(t) {
  const server = await stage.server, browser = await stage.chromium, room = newRoom();
  const ada = await Guest.comes(browser, server, room, 'Ada'), bob = await Guest.comes(browser, server, room, 'Bob');
  t.after(() => Promise.all([ada, bob].map(({ page }) => page.close())));
  await bob.joins();
  await ada.page.bringToFront();
  await ada.joins();
  await ada.seesTile(/^Bob/, { moving: 5 });
  return { server, room, ada, bob };
}

test('it shows the rooms, people, tracks and nodes that are there, live', async t => {
  const { server, room, ada, bob } = await meeting(t);
  const operator = await signsIn(t);
  await operator.page.bringToFront();
  await operator.reads(room, /2 in, 2 publish/);
  await operator.opens(room);
  const { participants } = await server.api(`/rooms/${room}/participants`);
  for (const { identity, tracks } of participants) {
    await operator.reads(room, new RegExp(`\\(${identity}\\)`));
    assert.equal(tracks.length, 2);
  }
  await operator.reads(room, /sends camera · VP8 · \d+ kbit\/s[^]*sends microphone/);
  await operator.clicks(room, 'What is received', 'Ada');
  await operator.reads(room, /receives .* of Bob-[^]*flows/);
  assert.doesNotMatch(await operator.card(room), /\b(?:TR|PA|ND|RM)_/, 'names, not ids');
  await operator.page.screenshot({ path: `${pictures}admin.png`, fullPage: true });
  const [{ id }] = (await server.api('/nodes')).nodes;
  await until('the node', () => operator.page.evaluate(id => document.querySelector(`#nodes [title="${id}"]`)?.textContent === 'local 1', id));
  await bob.page.bringToFront();
  await bob.page.click('#leave');
  await ada.until('to be alone', () => document.querySelectorAll('.tile').length === 1);
  await operator.page.bringToFront();
  await operator.reads(room, /1 in, 1 publish/);
  assert.deepEqual(operator.errors, []);
});

test('mute, remove and close do what they say', async t => {
  const { room, ada, bob } = await meeting(t);
  const operator = await signsIn(t);
  await operator.reads(room, /2 in/);
  await operator.presses(room, 'Mute', 'Bob');
  await ada.seesTile(/^Bob, (camera off|microphone off)/);
  await operator.page.bringToFront();
  await operator.reads(room, /MUTED/);
  await operator.presses(room, 'Unmute', 'Bob');
  await ada.until('Bob heard and seen', () => [...document.querySelectorAll('.tile')].some(e => /^Bob(, speaking)?$/.test(e.getAttribute('aria-label'))));
  await operator.presses(room, 'Remove', 'Bob');
  await bob.until('the end', () => document.getElementById('ended').dataset.code === 'REMOVED');
  await operator.page.bringToFront();
  await operator.reads(room, /1 in/);
  await operator.presses(room, 'Close room');
  await ada.until('the end', () => document.getElementById('ended').dataset.code === 'ROOM_CLOSED');
  await until('the room gone', async () => (await operator.card(room)) === undefined);
  for (const text of operator.asked) assert.ok(text.includes(room), `${text} names the room`);
  assert.match(operator.asked.join('\n'), /^Mute the \w+ of Bob \(Bob-\w+\) in .*\nGive the \w+ of Bob \(Bob-\w+\) in .* back\? .*\nRemove Bob \(Bob-\w+\) from .*\nClose .*\? The [12] inside/);
});

test('who is banned cannot come back, a locked room lets nobody in, and an act that is not confirmed is not done', async t => {
  const { server, room, ada, bob } = await meeting(t);
  const operator = await signsIn(t);
  await operator.reads(room, /2 in/);
  await operator.presses(room, 'Lock');
  await operator.reads(room, /LOCKED/);
  await ada.until('the lock', () => !document.getElementById('locked').hidden && /locked the room/.test(document.getElementById('notice').textContent));
  const cleo = await Guest.comes(await stage.chromium, server, room, 'Cleo');
  t.after(() => cleo.page.close());
  await cleo.page.click('#join');
  assert.equal(await until('a refusal', () => cleo.refusal()), 'ROOM_LOCKED');
  await operator.presses(room, 'Unlock');
  await ada.until('it is open', () => document.getElementById('locked').hidden);

  await operator.page.bringToFront();
  await operator.page.evaluate(() => [...document.querySelectorAll('#rooms button')].find(b => b.textContent === 'Close room').click());
  await operator.page.keyboard.press('Escape');
  await until('the question gone', () => operator.page.evaluate(() => !document.getElementById('ask').open));
  assert.ok(await operator.card(room));

  const { identity } = (await server.api(`/rooms/${room}/participants`)).participants.find(({ name }) => name === 'Bob');
  await operator.presses(room, 'Ban', 'Bob', 600);
  await bob.until('the end', () => document.getElementById('ended').dataset.code === 'REMOVED');
  await bob.page.bringToFront();
  await bob.page.evaluate(bearer => (document.getElementById('token').value = bearer), token({ room, identity }));
  await bob.page.click('#again');
  assert.equal(await until('a refusal', () => bob.refusal()), 'BANNED');
  assert.match(operator.asked.at(-1), new RegExp(`^Remove Bob \\(${identity}\\) from ${room} and keep`));
  assert.deepEqual(operator.errors, []);
});

test('a token that is no operator\'s is refused by name', async t => {
  const operator = await signsIn(t, token({ room: newRoom(), identity: 'x' }));
  await until('the refusal', () => operator.page.evaluate(() => /^PERMISSION: /.test(document.getElementById('error').textContent)));
});

test('an invite is made for a room, shown once, and revoked', async t => {
  const { server, room } = await meeting(t);
  const operator = await signsIn(t);
  await operator.page.bringToFront();
  await operator.clicks(room, 'Invite');
  await operator.page.select('#invite-role', 'viewer');
  await operator.page.type('#invite-uses', '2');
  await operator.page.click('#invite-make');
  const listed = () => operator.page.$eval('#invite-list', list => list.innerText);
  await until('the invite listed', async () => /viewer · until .* · 0 of 2 came · by admin/.test(await listed()), { seen: listed });
  const link = await operator.page.$eval('#invite-link', field => field.value);
  await operator.page.screenshot({ path: `${pictures}admin-invite.png` });
  const redeem = () => server.request('/api/v1/invites/redeem', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ invite: link.split('#invite=')[1], name: 'Vic' }),
  });
  assert.equal((await redeem()).json.room, room);
  await operator.page.click('#invite-list button');
  await until('none listed', async () => (await listed()) === '', { seen: listed });
  assert.equal((await redeem()).json.code, 'INVITE_INVALID');
  assert.deepEqual(operator.errors, []);
});
