// Processes of one role each over a real Redis: gateways that are clients of their cluster, silos and media nodes that are lost.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Cluster } from './rig/cluster.mjs';
import { dispose } from './rig/agent.mjs';
import { Crowd } from './rig/crowd.mjs';
import { Call } from './rig/loss.mjs';
import { Proxy } from './rig/proxy.mjs';
import { Member, trackOf } from './rig/sdk.mjs';
import { Process, adminToken } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = new Stage();
let cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(async () => {
  await Promise.all([stage.close(), cluster?.close()]);
  await dispose();
});

/** Someone at a gateway, by way of a proxy when one is given. */
async function comes(t, gateway, room, identity, via) {
  const tab = await (await stage.chromium).open(`${gateway.url}/healthz`);
  t.after(() => tab.close());
  return Member.joins(tab, gateway, room, identity, via ? { via: via.url } : {});
}

const meet = async (ada, bob) => Promise.all([ada.sees('bob'), ada.hears('bob'), bob.sees('ada'), bob.hears('ada')]);

/** Nobody was away for anyone, and nothing of theirs. */
const neverParted = async (...members) => {
  for (const { events } of await Promise.all(members.map(member => member.view()))) assert.ok(!events.some(event => /^(left|unpublished)/.test(event)), events.join());
};

test('rooms on other silos keep their memory when a silo is killed, those on it come back', async t => {
  const crowds = cluster.gateways.map(gateway => new Crowd(gateway)), room = newRoom();
  t.after(() => crowds.forEach(crowd => crowd.leaves()));
  await Promise.all(crowds.map((crowd, i) => crowd.joins(15, n => `${room}-${i}-${n}`)));
  const before = crowds.map(({ epochs }) => new Map(epochs));
  const changed = () => crowds.flatMap(({ epochs }, i) => [...epochs].filter(([name, epoch]) => epoch !== before[i].get(name))).length;
  const there = Number(/^nexus_rooms (\d+)$/m.exec((await cluster.silos[0].request('/metrics')).text)[1]);
  assert.ok(there > 0 && there < 30, `${there} of 30 rooms are on the silo`);
  await cluster.silos[0].stop('SIGKILL');
  await until('the rooms of that silo to be back', () => changed() === there, { seen: () => `${changed()} of ${there}` });
  for (const [i, gateway] of cluster.gateways.entries())
    for (const name of before[i].keys())
      await until('its person', async () => (await gateway.api(`/rooms/${name}/participants`)).participants.length === 1);
  assert.equal(changed(), there);
  t.diagnostic(`${there} of 30 rooms were on the silo`);
  await cluster.startSilo(0);
});

test('people of one room at two gateways see and hear each other, and go on in the same session at the other when theirs is killed', async t => {
  const room = newRoom(), [first, second] = cluster.gateways, proxy = await Proxy.start(first.url);
  t.after(() => proxy.close());
  const ada = await comes(t, second, room, 'ada', proxy), bob = await comes(t, second, room, 'bob');
  await meet(ada, bob);
  const people = async gateway => (await gateway.api(`/rooms/${room}/participants`)).participants.map(({ sid, identity, state, node }) => [identity, sid, state, node]);
  assert.deepEqual(await people(first), await people(second));
  await ada.does(member => member.tracks.microphone.mute());
  await bob.until('a mute from the other gateway', view => trackOf(view, 'ada', 'microphone')?.muted);
  await ada.does(member => member.tracks.microphone.unmute());
  const { sid } = await ada.view();

  proxy.to(second.url); // as a load balancer would
  await first.stop('SIGKILL');
  const killed = Date.now();
  await ada.until('reconnecting', ({ events }) => events.includes('state reconnecting'), { seconds: 5 });
  await ada.until('connected again', ({ state }) => state === 'connected', { seconds: 5 });
  t.diagnostic(`connected again after ${Date.now() - killed} ms`);
  assert.equal((await ada.view()).sid, sid);
  await meet(ada, bob);
  await bob.does(member => member.tracks.camera.mute());
  await ada.until('a mute by the gateway that is left', view => trackOf(view, 'bob', 'camera')?.muted);
  await neverParted(ada, bob);
  await cluster.startGateway(0);
});

for (const [what, signal] of [['killed', 'SIGKILL'], ['frozen', 'SIGSTOP']])
  test(`a silo that is ${what} in the middle of a call costs nobody the call: media flows on, and its grains answer elsewhere`, async t => {
    const room = newRoom(), gateway = cluster.gateways[1];
    const ada = await comes(t, gateway, room, 'ada'), bob = await comes(t, gateway, room, 'bob');
    await meet(ada, bob);
    const lost = signal === 'SIGKILL' ? 0 : 1, silo = cluster.silos[lost];
    silo.child.kill(signal);
    const began = Date.now();
    await meet(ada, bob);
    await until('the room and a new one', async () => {
      const people = (await gateway.api(`/rooms/${room}/participants`)).participants;
      return people.length === 2 && (await cluster.nodes(gateway)).every(({ state }) => state === 'ready');
    }, { seconds: 20 });
    t.diagnostic(`reads answer and all nodes are ready after ${Date.now() - began} ms`);
    const cleo = await comes(t, gateway, room, 'cleo'), dora = await comes(t, gateway, newRoom(), 'dora');
    await Promise.all([cleo.sees('ada'), ada.sees('cleo')]);
    assert.equal((await dora.view()).state, 'connected');
    for (const member of [ada, bob]) await member.until('connected', ({ state }) => state === 'connected');
    await meet(ada, bob);
    await neverParted(ada, bob);
    if (signal === 'SIGSTOP') {
      silo.child.kill('SIGCONT');
      assert.equal(await silo.exited, 1, silo.output); // it was declared dead, says so, and ends
    }
    await cluster.startSilo(lost);
  });

for (const [what, signal] of [['killed', 'SIGKILL'], ['frozen', 'SIGSTOP']])
  test(`a media node that is ${what} costs its people a moment: whatever client they use, all are on the other node and see each other again`, async t => {
    const gateway = cluster.gateways[1], room = newRoom(), call = await Call.begins(gateway, await stage.chromium, room);
    t.after(() => call.ends());
    const dora = new Crowd(gateway);
    t.after(() => dora.leaves());
    let media, number, comes;
    const gaps = await call.gapsUntilElsewhere(node => {
      [media, number] = cluster.mediaOf(node);
      media.child.kill(signal);
      comes = dora.joins(1, () => newRoom()).then(() => '', String);
    }, {
      while: async () => {
        const { participants } = await gateway.api(`/rooms/${room}/participants`), names = participants.map(({ identity }) => identity);
        assert.equal(new Set(names).size, names.length, names.join());
        for (const name of names) assert.ok(call.people.includes(name), name);
      },
    });
    t.diagnostic(`longest gaps in ms: ${JSON.stringify(gaps)}`);
    assert.match(await comes, /^$|NODE_TIMEOUT|NODE_LOST|UNAVAILABLE/); // she came in at a node that lives, or was told why not
    for (const { events } of await Promise.all(call.members.map(member => member.view()))) {
      assert.ok(!events.includes('state left'), events.join());
      assert.equal(events.at(-1).startsWith('left'), false, events.join());
    }
    for (const { events } of call.agents) {
      assert.ok(events.includes('reconnected'), events.join());
      assert.ok(!events.some(event => event.startsWith('disconnected')), events.join());
    }
    assert.deepEqual(await call.returning.came(), [2, 2]);
    if (signal === 'SIGSTOP') { // what it still has of them when it wakes up is over
      const node = `ND_${number + 1}`, there = await call.node();
      media.child.kill('SIGCONT');
      await until(`${node} to be back without anybody`, async () => (await cluster.nodes(gateway)).some(({ id, state, sessions }) => id === node && state === 'ready' && sessions === 0),
        { seen: () => cluster.nodes(gateway) });
      await call.flows();
      assert.equal(await call.node(), there);
    } else await cluster.startMedia(number);
  });

test('a media node that is drained, and one that is told to end, is left by all its people within a moment; the process ends then, and nobody is dropped', async t => {
  const gateway = cluster.gateways[1], room = newRoom(), call = await Call.begins(gateway, await stage.chromium, room);
  t.after(() => call.ends());
  const act = async (method, node) => (await gateway.request(`/api/v1/nodes/${node}/drain`, { method, headers: { authorization: `Bearer ${adminToken()}` } })).status;
  const ready = async node => (await cluster.mediaOf(node)[0].request('/readyz')).status;

  let drained;
  t.diagnostic(`longest gaps in ms, drained by an operator: ${JSON.stringify(await call.gapsUntilElsewhere(async node => assert.equal(await act('POST', drained = node), 202)))}`);
  assert.equal(await ready(drained), 503);
  assert.equal((await cluster.nodes(gateway)).find(({ id }) => id === drained).state, 'draining');
  assert.equal(await act('DELETE', drained), 204);
  await until('the node to be ready again', async () => await ready(drained) === 200);

  let media, number, ended;
  t.diagnostic(`longest gaps in ms, SIGTERM: ${JSON.stringify(await call.gapsUntilElsewhere(node => {
    [media, number] = cluster.mediaOf(node);
    ended = media.stop('SIGTERM');
  }))}`);
  assert.equal(await ended, 0, media.output);
  assert.equal(await call.node(), drained);
  for (const { events } of await Promise.all(call.members.map(member => member.view()))) assert.ok(!events.includes('state left'), events.join());
  for (const { events } of call.agents) assert.ok(!events.some(event => event.startsWith('disconnected')), events.join());
  for (const times of await call.returning.came()) assert.ok(times >= 3, `${times}`);
  await cluster.startMedia(number);

  const node = `ND_${number + 1}`, headers = { authorization: `Bearer ${adminToken()}`, 'content-type': 'application/json' };
  const move = async who => {
    const { status, json } = await gateway.request(`/api/v1/rooms/${room}${who}/move`, { method: 'POST', headers, body: JSON.stringify({ node }) });
    return [status, json.code ?? json.node];
  };
  await until('the node to be back', async () => (await cluster.nodes(gateway)).some(({ id, state }) => id === node && state === 'ready'));
  assert.deepEqual(await move('/participants/ada'), [409, 'ROOM_ON_ONE_NODE']);
  t.diagnostic(`longest gaps in ms, moved by the API: ${JSON.stringify(await call.gapsUntilElsewhere(async () => assert.deepEqual(await move(''), [200, node])))}`);
});

test('every process is restarted one after the other under a call of ten: nobody is dropped, all see and hear each other again, and each node has what it should', async t => {
  const room = newRoom(), [first, gateway] = cluster.gateways;
  const call = await Call.begins(gateway, await stage.chromium, room, {
    livekit: ['carl', 'dan'], viewers: ['vera', 'vic', 'viola', 'vito', 'viv'], via: { ada: first.url }, camera: { resolution: '180p' },
  });
  t.after(() => call.ends());
  const { people } = call, began = Date.now();
  assert.equal(people.length, 10);
  const talking = [...call.members, ...call.agents], names = ['ada', 'bob', 'carl', 'dan'];
  const stays = async () => (await gateway.api(`/rooms/${room}/participants`)).participants.filter(({ identity }) => ['ada', 'bob'].includes(identity)).map(({ identity, sid, joinedAt, node }) => `${identity} ${sid} ${joinedAt} ${node}`);
  const restarts = async (what, i, start) => {
    const process = cluster[what][i];
    assert.equal(await process.stop('SIGTERM'), 0, process.output);
    await cluster[start](i);
    await call.flows();
    t.diagnostic(`${what} ${i + 1} is back after ${((Date.now() - began) / 1000).toFixed(1)} s`);
  };

  const before = await stays();
  for (const i of cluster.gateways.keys()) await restarts('gateways', i, 'startGateway');
  for (const i of cluster.silos.keys()) await restarts('silos', i, 'startSilo');
  await until('people of the SDK in the same stays as before', async () => JSON.stringify(await stays()) === JSON.stringify(before), { seen: async () => [before, await stays()] });
  for (const { events } of await Promise.all(call.members.map(member => member.view()))) // LiveKit's SDK for Node and WHIP's clients may have joined anew
    assert.ok(!events.some(event => /^left (ada|bob)/.test(event)), events.join());
  for (const i of cluster.media.keys()) {
    await restarts('media', i, 'startMedia');
    await until('everyone on one node', () => call.node());
  }

  await Promise.all(talking.flatMap((one, i) => names.filter((_, j) => j !== i).map(other => one.hears(other))));
  for (const { events } of await Promise.all(call.members.map(member => member.view()))) assert.ok(!events.includes('state left'), events.join());
  for (const { events } of call.agents) assert.ok(!events.some(event => event.startsWith('disconnected')), events.join());
  await cluster.settles(gateway);
  assert.deepEqual((await gateway.api(`/rooms/${room}/participants`)).participants.map(({ identity }) => identity).sort(), people);
  t.diagnostic(`WHIP and WHEP came ${await call.returning.came()} times`);
});

test('each process ends in order when it is told to, whatever its role', async () => {
  for (const process of [...cluster.gateways, ...cluster.media, ...cluster.silos]) assert.equal(await process.stop('SIGTERM'), 0, process.output);
});

test('deploy/local-cluster starts a cluster that is ready, and ends it', async t => {
  const http = 10080 + 10 * Math.floor(Math.random() * 100);
  const local = new Process('deploy/local-cluster', ['--http', `${http}`, '--silos', '1', '--gateways', '1', '--media', '1', '--', '--loops', '1']);
  t.after(() => local.stop('SIGTERM'));
  const [, url] = await local.says(/^ready (\S+)$/m, 60);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal(await local.stop('SIGTERM'), 0, local.output);
  await assert.rejects(fetch(`${url}/readyz`));
});
