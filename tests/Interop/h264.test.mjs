// H264 as encoders make it, Main and High, at viewers that offer less: real decoders say whether they show it (docs/browsers.md, "H264").
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { dispose, publishH264 } from './rig/native.mjs';
import { Stage, newRoom } from './rig/stage.mjs';

const stage = Stage.ofFile();
const folder = mkdtempSync(join(tmpdir(), 'h264-'));
after(() => {
  dispose();
  rmSync(folder, { recursive: true });
});

/** A room with such a publisher. */
async function published(t, format) {
  const server = await stage.server, room = newRoom();
  const publisher = await publishH264(server, room, 'obs', join(folder, `${format.id}.ts`), format);
  t.after(() => publisher.close());
  return { server, room };
}

for (const [what, format] of [
  ['High of the level that was offered', { profile: 'high', level: '3.1', id: '64001f', size: '1280x720' }],
  ['Main of the level that was offered', { profile: 'main', level: '3.1', id: '4d001f', size: '1280x720' }],
  ['High of a higher level, 1080p', { profile: 'high', level: '4.0', id: '640028', size: '1920x1080' }],
]) {
  test(`Chromium that offers Constrained Baseline of level 3.1 alone shows ${what}`, async t => {
    const { server, room } = await published(t, format), [tab] = await stage.tabs(t, stage.chromium);
    const viewer = await tab.whep(server, room, 'viewer', { audio: false, codecs: ['H264'], format: 'profile-level-id=42e01f' });
    assert.equal(viewer.status, 201, viewer.text);
    assert.doesNotMatch(viewer.text, /profile-level-id=(?!42e01f)/);
    const { video } = await viewer.until('pictures', ({ video }) => video.frames >= 45);
    assert.equal(`${video.width}x${video.height}`, format.size);
  });
}

test('Firefox shows High, or is refused by name where it has no H264 at all', async t => {
  const { server, room } = await published(t, { profile: 'high', level: '3.1', id: '64001f', size: '1280x720' }), [tab] = await stage.tabs(t, stage.firefox);
  const decodes = await tab.evaluate(() => RTCRtpReceiver.getCapabilities('video').codecs.some(({ mimeType }) => mimeType === 'video/H264'));
  const viewer = await tab.whep(server, room, 'viewer', { audio: false });
  t.diagnostic(`Firefox ${decodes ? 'has' : 'has no'} H264`);
  assert.equal(viewer.status, decodes ? 201 : 422, viewer.text);
  if (decodes) await viewer.until('pictures', ({ video }) => video.frames >= 45);
  else assert.match(viewer.text, /CODEC/);
});
