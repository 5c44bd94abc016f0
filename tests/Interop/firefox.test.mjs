// Firefox and Chromium play each other, by WHIP and WHEP and by the SDK.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Member } from './rig/sdk.mjs';
import { Stage, newRoom } from './rig/stage.mjs';

const stage = Stage.ofFile();

async function plays(t, from, to, codec) {
  const [server] = await Promise.all([stage.server, from, to]), room = newRoom();
  const [alice, bob] = await stage.tabs(t, from, to);
  const publisher = await alice.whip(server, room, 'alice', { width: 640, height: 480, codec });
  assert.equal(publisher.status, 201, publisher.text);
  const viewer = await bob.whep(server, room, 'bob');
  assert.equal(viewer.status, 201, viewer.text);
  const played = await viewer.until('30 frames and sound', ({ video, audio }) => video.frames >= 30 && audio.energy > 0);
  assert.equal(played.video.codec, codec);
  assert.equal(played.cipher, 'SRTP_AEAD_AES_128_GCM');
  await viewer.decodes(30);
}

for (const codec of ['VP8', 'VP9']) {
  test(`Chromium plays the ${codec} of Firefox`, t => plays(t, stage.firefox, stage.chromium, codec));
  test(`Firefox plays the ${codec} of Chromium`, t => plays(t, stage.chromium, stage.firefox, codec));
}

for (const codec of ['VP8', 'VP9']) {
  test(`Firefox and Chromium see and hear each other by the SDK, in ${codec}`, async t => {
    const [server] = await Promise.all([stage.server, stage.firefox, stage.chromium]), room = newRoom();
    const tabs = await stage.tabs(t, stage.firefox, stage.chromium), camera = { resolution: '360p', codec };
    const fox = await Member.joins(tabs[0], server, room, 'fox', { camera });
    const ada = await Member.joins(tabs[1], server, room, 'ada', { camera });
    const [seen] = await Promise.all([fox.sees('ada', { frames: 30 }), ada.sees('fox', { frames: 30 }), fox.hears('ada'), ada.hears('fox')]);
    assert.equal(seen.codec, codec);
  });
}
