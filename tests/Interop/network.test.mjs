// Calls over networks that lose, swallow and block: server and browser in a namespace of their own.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Netns, badNetwork } from './rig/netns.mjs';
import { Stage, newRoom } from './rig/stage.mjs';

/** A namespace under these rules with a server and two Chromium tabs in it. */
async function badStage(t, ...rules) {
  const netns = await Netns.create();
  const stage = new Stage({ netns });
  t.after(async () => {
    await stage.close();
    await netns.close();
  });
  await netns.rules(...rules);
  return [netns, ...await stage.set(t, 2)];
}

test('video flows through 5 % loss', async t => {
  const [netns, server, alice, bob] = await badStage(t, badNetwork.loss(5)), room = newRoom();
  await alice.whip(server, room, 'alice', { codec: 'VP8' });
  const viewer = await bob.whep(server, room, 'bob');
  await viewer.until('100 frames and repair at work', ({ video }) => video.frames >= 100 && video.nacks > 0 && video.retransmitted > 0);
  // It does not only limp: of three more seconds nearly every frame arrives.
  await viewer.decodes(90, { seconds: 8 });
  assert.ok(await netns.dropped() > 10);
});

test('the handshake completes where DTLS records over 1200 bytes vanish', async t => {
  const [netns, server, alice, bob] = await badStage(t, badNetwork.longDtls(1200)), room = newRoom();
  const publisher = await alice.whip(server, room, 'alice', { codec: 'VP8' });
  await publisher.connected();
  const viewer = await bob.whep(server, room, 'bob');
  await viewer.decodes(15);
  assert.equal(await netns.dropped(), 0, 'nobody sends such records');
});

test('a call works where only TCP is open', async t => {
  const [netns, server, alice, bob] = await badStage(t, badNetwork.tcpOnly()), room = newRoom();
  const publisher = await alice.whip(server, room, 'alice', { codec: 'VP8' });
  const viewer = await bob.whep(server, room, 'bob');
  const played = await viewer.until('30 frames and sound', ({ video, audio }) => video.frames >= 30 && audio.energy > 0);
  assert.equal(played.protocol, 'tcp');
  assert.equal((await publisher.stats()).protocol, 'tcp');
  assert.ok(await netns.dropped() > 0);
});
