// Regions as clusters of their own, each with its Redis: people of one room at gateways of both, and a border that is closed for a while.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Regions } from './rig/regions.mjs';
import { Member, trackOf } from './rig/sdk.mjs';
import { Server } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = new Stage();
let regions;
before(async () => {
  regions = await Regions.start();
});
after(() => Promise.all([stage.close(), regions?.close()]));

async function comes(t, gateway, room, identity, options) {
  const tab = await (await stage.chromium).open(`${gateway.url}/healthz`);
  t.after(() => tab.close());
  return Member.joins(tab, gateway, room, identity, options);
}

const meet = (ada, bob) => Promise.all([ada.sees('bob'), ada.hears('bob'), bob.sees('ada'), bob.hears('ada')]);

const people = async (gateway, room) => (await gateway.api(`/rooms/${room}/participants`)).participants.map(({ identity, region, state }) => `${identity} ${state} ${region}`).sort();

const neverParted = async (...members) => {
  for (const { events } of await Promise.all(members.map(member => member.view()))) assert.ok(!events.some(event => /^(left|unpublished|state left)/.test(event)), events.join());
};

test('people of one room at gateways of two regions see and hear each other, and each gateway tells the same of them', async t => {
  const room = newRoom(), ada = await comes(t, regions.eu, room, 'ada'), bob = await comes(t, regions.us, room, 'bob');
  await meet(ada, bob);
  for (const gateway of [regions.eu, regions.us]) {
    assert.deepEqual(await people(gateway, room), ['ada active eu', 'bob active eu']); // the room is where its first joiner came in
    assert.deepEqual((await gateway.api('/rooms')).rooms.map(({ name, numParticipants }) => [name, numParticipants]), [[room, 2]]);
  }
  await bob.does(member => member.tracks.microphone.mute());
  await ada.until('a mute from the other region', view => trackOf(view, 'bob', 'microphone')?.muted);
  await ada.does(member => member.tracks.camera.mute());
  await bob.until('a mute by the other region', view => trackOf(view, 'ada', 'camera')?.muted);
  await neverParted(ada, bob);
});

test('while the border between two regions is closed calls go on, reads tell what is not heard of, and nobody is thrown out when it opens', async t => {
  const rooms = { eu: newRoom(), us: newRoom(), both: newRoom() };
  const speaks = (gateway, room, identity) => comes(t, gateway, room, identity, { camera: false }); // seven cameras are more than a small machine carries
  const ada = await speaks(regions.eu, rooms.eu, 'ada'), bob = await speaks(regions.eu, rooms.eu, 'bob');
  const cleo = await speaks(regions.us, rooms.us, 'cleo'), dora = await speaks(regions.us, rooms.us, 'dora');
  const emil = await speaks(regions.eu, rooms.both, 'emil'), fay = await speaks(regions.us, rooms.both, 'fay');
  const all = () => Promise.all([ada.hears('bob'), bob.hears('ada'), cleo.hears('dora'), dora.hears('cleo'), emil.hears('fay'), fay.hears('emil')]);
  await all();
  regions.part();
  const parted = Date.now();
  for (const [here, there] of [['eu', 'us'], ['us', 'eu']]) {
    const { unheardRegions, nodes } = await until(`${there} to be missed at ${here}`, async () => {
      const answer = await regions[here].api('/nodes');
      return answer.unheardRegions?.[0].since && Date.parse(answer.unheardRegions[0].since) < parted + 2000 && answer;
    });
    assert.deepEqual([unheardRegions.map(({ region }) => region), nodes.map(({ region }) => region)], [[there], [here]]);
    assert.ok((await regions[here].api('/rooms')).rooms.some(({ name }) => name === rooms[here]));
    assert.equal((await regions[here].request('/readyz')).status, 200);
  }
  const asked = Date.now();
  await regions.us.api('/rooms');
  assert.ok(Date.now() - asked < 1500, 'a region that is known to be away is not waited for');
  const gil = await speaks(regions.us, rooms.us, 'gil'); // into a room that is here
  await gil.hears('cleo');
  await until('longer than a gateway may be unheard of in its own region', () => Date.now() - parted > 60_000, { seconds: 90, everyMs: 1000 });
  await all(); // media of those whose gateway is cut off from their room's region goes on, too
  regions.join();
  await Promise.all([regions.hear('eu'), regions.hear('us')]);
  await fay.does(member => member.tracks.microphone.mute());
  await emil.until('a mute over the border', view => trackOf(view, 'fay', 'microphone')?.muted);
  await emil.does(member => member.tracks.microphone.mute());
  await fay.until('a mute over the border', view => trackOf(view, 'emil', 'microphone')?.muted);
  for (const gateway of [regions.eu, regions.us]) assert.deepEqual(await people(gateway, rooms.both), ['emil active eu', 'fay active eu']);
  await neverParted(ada, bob, cleo, dora, emil, fay);
});

test('three regions in one process: each room is where its first joiner wishes, and who wishes for another region follows', async t => {
  const server = await Server.start({ flags: ['--regions', 'eu,us,ap', '--loops', '1'] });
  t.after(() => server.stop());
  const tabs = await Promise.all([1, 2].map(() => stage.chromium.then(browser => browser.open(`${server.url}/healthz`))));
  t.after(() => Promise.all(tabs.map(tab => tab.close())));
  const room = newRoom();
  await (await tabs[0].whip(server, room, 'ada', { codec: 'VP8', audio: false, query: '?region=ap' })).connected();
  await (await tabs[1].whep(server, room, 'bob', { audio: false, query: '?region=us' })).decodes(5);
  assert.deepEqual((await people(server, room)).map(line => line.split(' ')[2]), ['ap', 'ap']);
});
