// Processes that end: media nodes of their own, the gateway and control process, and a server that is all in one.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Member, trackOf } from './rig/sdk.mjs';
import { Server, freePort } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

test('the control process survives the kill -9 of a media process, knows it and says so', async t => {
  const control = `127.0.0.1:${await freePort()}`;
  const stage = new Stage({ flags: ['--control-listen', control] });
  t.after(() => stage.close());
  const [server, alice, bob] = await stage.set(t, 2), room = newRoom();
  const media = await Server.startMedia({ control, flags: ['--region', 'us'] });
  t.after(() => media.stop('SIGKILL'));
  const nodes = async () => (await server.api('/nodes')).nodes;
  const node = await until('the node of region us', async () => (await nodes()).find(({ region }) => region === 'us'),
    { seen: async () => [await nodes(), media.output] });

  await alice.whip(server, room, 'alice', { codec: 'VP8', query: '?region=us' });
  const viewer = await bob.whep(server, room, 'bob', { query: '?region=us' });
  await viewer.decodes(15);
  const people = async () => (await server.api(`/rooms/${room}/participants`)).participants;
  assert.deepEqual((await people()).map(({ node, state }) => [node, state]), [[node.id, 'active'], [node.id, 'active']]);

  await media.stop('SIGKILL');
  await until('the node to be known as lost', async () => {
    const same = (await nodes()).find(({ id }) => id === node.id);
    return !same || same.state === 'lost';
  }, { seconds: 5, seen: nodes });
  await until('its people to be known as cut off', async () => (await people()).every(({ state }) => state !== 'active'),
    { seconds: 5, seen: people });
  assert.equal((await server.request('/healthz')).status, 200);

  // The control process goes on: the room works on the node that is left.
  const elsewhere = newRoom();
  await alice.whip(server, elsewhere, 'alice', { codec: 'VP8' });
  await (await bob.whep(server, elsewhere, 'bob')).decodes(15);
});

test('members of a room whose media process is killed meet again on another node', async t => {
  const control = `127.0.0.1:${await freePort()}`;
  const stage = new Stage({ flags: ['--control-listen', control] });
  t.after(() => stage.close());
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  const media = await Server.startMedia({ control, flags: ['--region', 'us'] });
  t.after(() => media.stop('SIGKILL'));
  await until('the node of region us', async () => (await server.api('/nodes')).nodes.some(({ region }) => region === 'us'));
  const ada = await Member.joins(tabs[0], server, room, 'ada', { region: 'us' });
  const bob = await Member.joins(tabs[1], server, room, 'bob', { region: 'us' });
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);

  await media.stop('SIGKILL');
  for (const member of [ada, bob]) {
    await member.until('reconnecting', ({ events }) => events.includes('state reconnecting'));
    await member.until('connected again', ({ state }) => state === 'connected', { seconds: 30 });
  }
  await Promise.all([ada.sees('bob'), ada.hears('bob'), bob.sees('ada'), bob.hears('ada')]);
});

/** A stage's browser with tabs at the server, and Ada and Bob in a room of it. */
async function meet(t, stage, server) {
  const tabs = [], room = newRoom();
  for (let i = 0; i < 2; i++) tabs.push(await (await stage.chromium).open(`${server.url}/healthz`));
  t.after(() => stage.close());
  const ada = await Member.joins(tabs[0], server, room, 'ada');
  const bob = await Member.joins(tabs[1], server, room, 'bob');
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  return [ada, bob];
}

/** The server's successor at the same address. */
async function successor(t, server, flags = []) {
  const next = await Server.start({ http: Number(new URL(server.url).port), flags });
  t.after(() => next.stop('SIGKILL'));
  return next;
}

test('a server that is told to end sends its members away to come back, and they meet again at its successor', async t => {
  const server = await Server.start();
  t.after(() => server.stop('SIGKILL'));
  const members = await meet(t, new Stage(), server), [ada, bob] = members;
  assert.equal(await server.stop('SIGTERM'), 0);
  for (const member of members) await member.until('reconnecting', ({ state }) => state === 'reconnecting', { seconds: 5 });
  await successor(t, server);
  for (const member of members) await member.until('connected again', ({ state }) => state === 'connected', { seconds: 30 });
  await Promise.all([ada.sees('bob'), ada.hears('bob'), bob.sees('ada'), bob.hears('ada')]);
});

for (const signal of ['SIGTERM', 'SIGKILL'])
  test(`members go on in the same sessions at another gateway when theirs ends by ${signal}, and media never stops`, async t => {
    const control = `127.0.0.1:${await freePort()}`, flags = ['--roles', 'silo,gateway', '--control-listen', control];
    const server = await Server.start({ flags });
    t.after(() => server.stop('SIGKILL'));
    const media = await Server.startMedia({ control });
    t.after(() => media.stop('SIGKILL'));
    await until('the node', async () => (await server.api('/nodes')).nodes.length === 1, { seen: () => media.output });
    const members = await meet(t, new Stage(), server), [ada, bob] = members;
    const sids = await Promise.all(members.map(async member => (await member.view()).sid));
    await server.stop(signal);
    for (const member of members) await member.until('reconnecting', ({ state }) => state === 'reconnecting', { seconds: 5 });
    await Promise.all([ada.sees('bob'), ada.hears('bob'), bob.sees('ada'), bob.hears('ada')]);
    await successor(t, server, flags);
    for (const member of members) await member.until('connected again', ({ state }) => state === 'connected', { seconds: 30 });
    assert.deepEqual(await Promise.all(members.map(async member => (await member.view()).sid)), sids);
    await ada.does(member => member.tracks.microphone.mute());
    await bob.until('a mute by the other gateway', view => trackOf(view, 'ada', 'microphone')?.muted);
    for (const { events } of await Promise.all(members.map(member => member.view()))) assert.ok(!events.some(event => /^(left|unpublished)/.test(event)), events.join());
  });
