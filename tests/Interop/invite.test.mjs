// Invite links, made on the command line and opened by people in Chromium.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Guest } from './rig/meeting.mjs';
import { adminToken, cli } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
const admin = { authorization: `Bearer ${adminToken()}` };

const invite = (server, room, ...options) => cli('invite', '--room', room, '--url', server.url, ...options).then(link => link.trim());

/** Opens a link, as `Guest.comes` opens the page. */
async function opens(t, link, room, name) {
  const [url, code] = link.split(/(?=#)/), guest = await Guest.comes(await stage.chromium, { url: url.split('/?')[0], code }, room, name);
  t.after(() => guest.page.close());
  return guest;
}

test('people meet by a link, which stays in no address bar, and come again as the same person', async t => {
  const server = await stage.server, room = newRoom(), link = await invite(server, room, '--uses', '2');
  assert.match(link, new RegExp(`^${server.url}/\\?room=${room}#invite=[\\w.-]+$`));
  const ada = await opens(t, link, room, 'Ada');
  assert.equal(await ada.page.evaluate(() => location.hash), '');
  assert.ok(await ada.page.$eval('#room', field => field.readOnly));
  await ada.joins();
  const other = await (await stage.chromium).browser.createBrowserContext(); // its storage is another person's
  t.after(() => other.close());
  const bob = await Guest.comes({ browser: other }, { url: server.url, code: link.slice(link.indexOf('#')) }, room, 'Bob');
  await bob.joins();
  await bob.seesTile(/^Ada/, { moving: 10 });
  const people = async () => (await server.api(`/rooms/${room}/participants`)).participants.map(p => p.identity).sort();
  const before = await people();
  assert.ok(before.length === 2 && before.every(identity => identity.startsWith('guest-')), before);

  await ada.page.bringToFront();
  await ada.page.click('#leave');
  await until('Ada out', async () => (await people()).length === 1);
  await ada.page.reload();
  await ada.until('a preview', () => !document.getElementById('preview').hidden);
  await ada.joins();
  assert.deepEqual(await people(), before);
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

for (const [what, code, spoil] of [
  ['revoked', 'INVITE_INVALID', async (server, { invite }) => void await server.request(`/api/v1/invites/${invite.id}`, { method: 'DELETE', headers: admin })],
  ['used up', 'INVITE_USED_UP', async (server, { secret }) => void await server.request('/api/v1/invites/redeem', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ invite: secret, name: 'the one' }),
  })],
])
  test(`a link that is ${what} says so`, async t => {
    const server = await stage.server, room = newRoom(), made = JSON.parse(await invite(server, room, '--uses', '1', '--json'));
    await spoil(server, made);
    const eve = await opens(t, made.link, room, 'Eve');
    await eve.page.click('#join');
    await eve.until('the refusal', code => document.getElementById('refusal').dataset.code === code, code);
  });

test('who is invited to watch is neither seen nor heard', async t => {
  const server = await stage.server, room = newRoom(), ada = await opens(t, await invite(server, room), room, 'Ada');
  await ada.joins();
  const vic = await opens(t, await invite(server, room, '--role', 'viewer'), room, 'Vic');
  await vic.joins();
  await vic.seesTile(/^Ada/, { moving: 10 });
  assert.deepEqual((await server.api(`/rooms/${room}/tracks`)).tracks.map(track => track.identity.startsWith('guest-') && track.kind).sort(), ['audio', 'video']);
});

test('./nexus invite names what it cannot make', async () => {
  const server = await stage.server;
  await assert.rejects(invite(server, 'r', '--role', 'king'), error => error.code === 1 && /role is viewer, guest or moderator/.test(error.stderr));
  await assert.rejects(cli('invite'), error => error.code === 2 && /--room/.test(error.stderr));
});
