// Calls where nothing but TURN reaches the media node: a real coturn with the deployed configuration.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Netns } from './rig/netns.mjs';
import { Member } from './rig/sdk.mjs';
import { Process } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { TurnServer, turnCredentials, turnSecret, turnUser } from './rig/turn.mjs';

const urls = { udp: 'turn:127.0.0.1:3478?transport=udp', tcp: 'turn:127.0.0.1:3478?transport=tcp', tls: 'turns:127.0.0.1:443?transport=tcp' };
const folder = mkdtempSync(join(tmpdir(), 'nexus-turn-test-'));
let netns, turn;

before(async () => {
  netns = await Netns.create();
  turn = await TurnServer.start({ netns });
});

after(async () => {
  await turn?.stop();
  await netns?.close();
  rmSync(folder, { recursive: true });
});

/** A server that tells of these TURN URLs, and as many tabs. Only coturn's own packets reach the media ports. */
async function stageWith(t, iceUrls, tabs) {
  const config = join(folder, `${newRoom()}.json`);
  writeFileSync(config, JSON.stringify({ iceServers: iceUrls.map(url => ({ url, sharedSecret: turnSecret })) }));
  const stage = new Stage({ netns, flags: ['--config', config], chromiumFlags: turn.chromiumFlags });
  t.after(() => stage.close());
  const set = await stage.set(t, tabs);
  const ports = `${set[0].mediaPort}-${set[0].mediaPort + 9}`;
  await netns.leavingRules(...['udp', 'tcp'].map(protocol => `meta skuid != ${turnUser} ${protocol} dport ${ports} drop`));
  return set;
}

for (const protocol of ['udp', 'tcp', 'tls'])
  test(`a call by WHIP and WHEP goes over TURN/${protocol.toUpperCase()} with the credentials of the Link headers`, async t => {
    const [server, alice, bob] = await stageWith(t, [urls[protocol]], 2), room = newRoom();
    const publisher = await alice.whip(server, room, 'alice', { codec: 'VP8', ice: 'relay' });
    const viewer = await bob.whep(server, room, 'bob', { ice: 'relay' });
    const played = await viewer.until('30 frames and sound', ({ video, audio }) => video.frames >= 30 && audio.energy > 0);
    for (const stats of [played, await publisher.stats()])
      assert.deepEqual([stats.localType, stats.relayProtocol], ['relay', protocol]);
    assert.equal(await netns.dropped(), 0, 'who may only relay sends nothing else');
  });

test('an ICE restart by PATCH goes over TURN with the fresh credentials of its Link header', async t => {
  const [server, alice, bob] = await stageWith(t, [urls.udp], 2), room = newRoom();
  const calls = [await alice.whip(server, room, 'alice', { codec: 'VP8', ice: 'relay' }), await bob.whep(server, room, 'bob', { ice: 'relay' })];
  const [, viewer] = calls;
  await viewer.decodes(15);
  for (const call of calls) {
    const { pair } = await call.stats(), { status, servers } = await call.restartIce();
    assert.equal(status, 200);
    assert.deepEqual(servers.map(({ urls, username }) => [urls, username.split(':')[1]]), [[urls.udp, call === viewer ? 'bob' : 'alice']]);
    const after = await call.until('another relayed pair', now => now.pair !== pair && now.connection === 'connected');
    assert.equal(after.localType, 'relay');
    await viewer.decodes(30);
  }
});

for (const protocol of ['udp', 'tcp', 'tls'])
  test(`members who use the SDK meet where only TURN/${protocol.toUpperCase()} gets through, with the credentials of \`joined\``, async t => {
    const [server, ...tabs] = await stageWith(t, [urls[protocol]], 2), room = newRoom();
    const ada = await Member.joins(tabs[0], server, room, 'ada');
    const bob = await Member.joins(tabs[1], server, room, 'bob');
    await Promise.all([ada.sees('bob', { frames: 30 }), bob.sees('ada', { frames: 30 }), ada.hears('bob'), bob.hears('ada')]);
    for (const { localType, relayProtocol } of [await ada.view(), await bob.view()]) assert.deepEqual([localType, relayProtocol], ['relay', protocol]);
    assert.ok(await netns.dropped() > 0, 'the direct ways were tried');
  });

test('a client that may go any way finds the relayed one where the direct ones are closed', async t => {
  const [server, alice, bob] = await stageWith(t, [urls.udp, urls.tcp], 2), room = newRoom();
  const publisher = await alice.whip(server, room, 'alice', { codec: 'VP8', ice: 'all' });
  const viewer = await bob.whep(server, room, 'bob', { ice: 'all' });
  await viewer.until('30 frames', ({ video }) => video.frames >= 30);
  assert.equal((await publisher.stats()).localType, 'relay');
  assert.equal((await viewer.stats()).localType, 'relay');
  assert.ok(await netns.dropped() > 0, 'the direct ways were tried');
});

test('credentials that expired, or of another secret, give no relay', async t => {
  const [, tab] = await stageWith(t, [urls.udp], 1);
  const gather = credentials => tab.evaluate(configuration => rig.gather(configuration), {
    iceServers: [{ urls: [urls.udp, urls.tcp], ...credentials }], iceTransportPolicy: 'relay',
  });
  const valid = await gather(turnCredentials());
  assert.deepEqual([...new Set(valid.candidates)], ['relay']);
  for (const credentials of [turnCredentials({ expiresIn: -1 }), turnCredentials({ secret: 'another' })]) {
    const { candidates, errors } = await gather(credentials);
    assert.deepEqual(candidates, []);
    assert.ok(errors.includes(401), `401 among ${errors}`);
  }
});

test('a TLS listener is on 443', async () => {
  const said = await netns.run('sh', '-c', 'openssl s_client -connect 127.0.0.1:443 </dev/null 2>&1');
  assert.match(said, /New, TLSv1\.[23], Cipher is \w/);
});

test('a peer that is no media node is refused', async t => {
  const { username, credential } = turnCredentials();
  const [command, ...args] = netns.inside('turnutils_uclient', '-v', '-u', username, '-w', credential, '-e', '127.0.0.2', '127.0.0.1');
  const client = new Process(command, args);
  t.after(() => client.stop('SIGKILL'));
  await client.says(/Received relay addr: 127\.0\.0\.1/, 10);
  await client.says(/error 403 \(Forbidden IP\)/, 10);
});
