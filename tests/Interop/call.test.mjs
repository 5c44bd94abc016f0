// Chromium publishes by WHIP and plays by WHEP through a real server.
import assert from 'node:assert/strict';
import test from 'node:test';
import { adminToken } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
const gcm = 'SRTP_AEAD_AES_128_GCM';

for (const codec of ['VP8', 'VP9', 'H264', 'AV1']) {
  test(`Chromium plays the ${codec} and the sound that Chromium publishes`, async t => {
    const [server, alice, bob] = await stage.set(t, 2), room = newRoom();
    const publisher = await alice.whip(server, room, 'alice', { codec });
    assert.equal(publisher.status, 201, publisher.text);
    const viewer = await bob.whep(server, room, 'bob');
    assert.equal(viewer.status, 201, viewer.text);

    const played = await viewer.until('30 frames of 640x360 and sound',
      ({ video, audio }) => video.frames >= 30 && video.width === 640 && video.height === 360 && audio.energy > 0);
    assert.equal(played.video.codec, codec);
    assert.equal(played.audio.codec, 'opus');
    assert.equal(played.cipher, gcm);
    assert.equal((await publisher.stats()).cipher, gcm);
    await viewer.decodes(30);
  });
}

for (const [codec, width, height] of [['VP8', 1280, 720], ['VP9', 1024, 576], ['H264', 1024, 576], ['AV1', 1024, 576]]) {
  test(`three viewers each get the ${codec} simulcast layer they pinned`, async t => {
    const [server, alice, ...others] = await stage.set(t, 4), room = newRoom();
    const publisher = await alice.whip(server, room, 'alice', { codec, simulcast: true, width, height, fps: 15 });
    assert.equal(publisher.status, 201, publisher.text);
    const heights = { low: height / 4, middle: height / 2, high: height };
    const viewers = await Promise.all(Object.keys(heights).map((layer, i) =>
      others[i].whep(server, room, `viewer-${layer}`, { audio: false, query: `?layer=${layer}` })));
    for (const [i, [layer, expected]] of Object.entries(heights).entries()) {
      await viewers[i].until(`the ${layer} layer`, ({ video }) => video.height === expected, { seconds: 40 });
      await viewers[i].decodes(20);
    }
    for (const [i, expected] of Object.values(heights).entries()) assert.equal((await viewers[i].stats()).video.height, expected);
  });
}

test('a viewer that joins late sees the picture at once', async t => {
  const [server, alice, bob] = await stage.set(t, 2), room = newRoom();
  const publisher = await alice.whip(server, room, 'alice', { codec: 'VP8' });
  await publisher.until('100 frames sent', ({ video }) => video.frames >= 100);
  const viewer = await bob.whep(server, room, 'bob');
  const played = await viewer.decodes(15, { seconds: 5 });
  assert.ok(played.video.keyFrames >= 1);
});

test('a viewer may come before the publisher', async t => {
  const [server, alice, bob] = await stage.set(t, 2), room = newRoom();
  const viewer = await bob.whep(server, room, 'bob');
  assert.equal(viewer.status, 201, viewer.text);
  await viewer.connected();
  await alice.whip(server, room, 'alice', { codec: 'VP8' });
  await viewer.decodes(15);
});

test('a viewer without H264 is refused by name, not shown black', async t => {
  const [server, alice, bob] = await stage.set(t, 2), room = newRoom();
  const publisher = await alice.whip(server, room, 'alice', { codec: 'H264' });
  await publisher.connected();
  await until('the H264 track to be known', async () => (await tracks(server, room)).some(({ codec }) => /h264/i.test(codec)));
  const viewer = await bob.whep(server, room, 'bob', { codecs: ['VP8'] });
  assert.equal(viewer.status, 422);
  assert.match(viewer.text, /CODEC/);
});

test('the viewer sees a publisher again who reloads the page', async t => {
  const [server, alice, bob] = await stage.set(t, 2), room = newRoom();
  await alice.whip(server, room, 'alice', { codec: 'VP8' });
  const viewer = await bob.whep(server, room, 'bob');
  await viewer.decodes(15);
  await alice.load(`${server.url}/healthz`);
  const again = await alice.whip(server, room, 'alice', { codec: 'VP8' });
  assert.equal(again.status, 201, again.text);
  await again.until('frames from the new page', ({ video }) => video.frames >= 15);
  await viewer.decodes(30);
  const { participants } = await server.api(`/rooms/${room}/participants`);
  assert.equal(participants.filter(({ identity }) => identity === 'alice').length, 1);
});

test('a 720p publisher gets feedback and goes above 1 Mbit/s', async t => {
  const [server, alice] = await stage.set(t, 1), room = newRoom();
  const publisher = await alice.whip(server, room, 'alice', { codec: 'VP8', width: 1280, height: 720, fps: 15, noise: true, hint: 'detail' });
  await publisher.until('an estimate above 1 Mbit/s', ({ availableBitrate }) => availableBitrate > 1e6);
  let before = (await publisher.stats()).video.bytes, at = Date.now();
  await until('more than 1 Mbit/s sent', async () => {
    const { bytes } = (await publisher.stats()).video, now = Date.now();
    const bitsPerSecond = ((bytes - before) * 8000) / (now - at);
    [before, at] = [bytes, now];
    return bitsPerSecond > 1e6;
  }, { everyMs: 1000, seen: () => publisher.stats() });
});

test('candidates trickle and ICE restarts by PATCH, the call goes on', async t => {
  const [server, alice, bob] = await stage.set(t, 2), room = newRoom();
  const publisher = await alice.whip(server, room, 'alice', { codec: 'VP8' });
  assert.equal(await publisher.trickle(), 204);
  const viewer = await bob.whep(server, room, 'bob');
  await viewer.decodes(15);
  for (const call of [publisher, viewer]) {
    const { pair } = await call.stats();
    assert.equal((await call.restartIce()).status, 200);
    await call.until('another candidate pair', stats => stats.pair !== pair && stats.ice === 'connected');
    await viewer.decodes(30);
  }
});

test('DELETE ends a session, and the room says so', async t => {
  const [server, alice, bob] = await stage.set(t, 2), room = newRoom();
  const publisher = await alice.whip(server, room, 'alice', { codec: 'VP8' });
  const viewer = await bob.whep(server, room, 'bob');
  await viewer.decodes(5);
  assert.equal(await viewer.end(), 200);
  await until('only alice in the room', async () => (await identities(server, room)).join() === 'alice');
  assert.equal(await viewer.end(), 404);
  assert.equal(await publisher.end(), 200);
  await until('nobody in the room', async () => (await identities(server, room)).length === 0);
});

test('the admin API says what flows', async t => {
  const [server, alice, bob] = await stage.set(t, 2), room = newRoom();
  await alice.whip(server, room, 'alice', { codec: 'VP8' });
  const viewer = await bob.whep(server, room, 'bob');
  await viewer.decodes(30);
  await until('the tracks as they flow', async () => {
    const list = await tracks(server, room);
    const video = list.find(({ kind }) => kind === 'video'), audio = list.find(({ kind }) => kind === 'audio');
    return list.length === 2 && /vp8/i.test(video.codec) && /opus/i.test(audio.codec) && video.identity === 'alice' &&
      video.layers.some(({ active, bitrate }) => active && bitrate > 50_000);
  }, { seen: () => tracks(server, room) });
  const { participants } = await server.api(`/rooms/${room}/participants`);
  assert.deepEqual(participants.map(({ identity, tracks, subscriptions }) => [identity, tracks.length, subscriptions.length]).sort(),
    [['alice', 2, 0], ['bob', 0, 2]]);
});

const tracks = async (server, room) => (await server.api(`/rooms/${room}/tracks`)).tracks;
const identities = async (server, room) => {
  const { status, json } = await server.request(`/api/v1/rooms/${room}/participants`, { headers: { authorization: `Bearer ${adminToken()}` } });
  return status === 404 ? [] : json.participants.map(({ identity }) => identity).sort();
};
