// Streams of several spatial and temporal layers, at real decoders: a viewer gets the layer that it wishes, by size or by name, and its
// picture goes on through every change.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Member, trackOf } from './rig/sdk.mjs';
import { Stage, newRoom } from './rig/stage.mjs';

const stage = Stage.ofFile();
const picture = view => trackOf(view, 'ada', 'camera');
const simulcast = [['low', 4], ['middle', 2], ['high', 1]].map(([rid, scaleResolutionDownBy]) => ({ rid, scaleResolutionDownBy, scalabilityMode: 'L1T3' }));

/** Wishes, and what is to be seen of a picture of 960×540 in these layers. */
const wishes = names => [
  [{ layer: 'high' }, 960, names.at(-1)],
  [{ layer: 'low' }, 960 >> (names.length - 1), names[0]],
  [{ maxWidth: 480, maxHeight: 270 }, 480, names.at(-2)],
  [{ maxWidth: 960, maxHeight: 540 }, 960, names.at(-1)],
];

for (const [codec, mode, names] of [
  ['VP9', 'L3T3', ['low', 'middle', 'high']],
  ['VP9', 'L3T3_KEY', ['low', 'middle', 'high']],
  ['VP9', 'L2T2_KEY', ['low', 'high']],
  ['AV1', 'L3T3_KEY', ['low', 'middle', 'high']],
  ['VP8', 'simulcast of L1T3', ['low', 'middle', 'high']],
]) {
  test(`${codec} ${mode}: the picture has the size that is wished and goes on through every change`, async t => {
    const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
    const encodings = mode.startsWith('L') ? [{ scalabilityMode: mode }] : simulcast;
    const ada = await tabs[0].whip(server, room, 'ada', { audio: false, codec, encodings, width: 960, height: 540, fps: 15 });
    assert.equal(ada.status, 201, ada.text);
    const bob = await Member.joins(tabs[1], server, room, 'bob', { camera: false, microphone: false, join: { adaptive: false } });
    await bob.sees('ada');
    for (const [wish, width, layer] of wishes(names)) {
      await bob.does((self, wish) => self.track('ada', 'camera').setWish(wish), wish);
      await bob.until(`pictures ${width} wide of ${layer}`, view => picture(view)?.width === width && picture(view).layer === layer, { seconds: 30 });
      await bob.sees('ada');
    }

    const { frames, keyFrames, plis, dropped, freezes, frozen, codec: played } = picture(await bob.view());
    t.diagnostic(`${frames} frames, ${keyFrames} of them key; ${plis} PLIs, ${dropped} dropped, ${freezes} freezes of ${frozen} s`);
    assert.equal(played, codec);
    assert.ok(keyFrames <= 12 && plis <= 3, `${keyFrames} key frames, ${plis} PLIs: the decoder lost its way`);
  });
}
