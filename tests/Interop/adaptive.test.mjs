// Nobody sends, and nobody gets, more of a picture than is seen: sizes, hidden tiles, layers that nobody plays, by the SDK.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Proxy } from './rig/proxy.mjs';
import { Member, trackOf } from './rig/sdk.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
const nothing = { camera: false, microphone: false };
const camera = { camera: { resolution: '720p', frameRate: 15 }, microphone: false };

const layers = view => view.sends.filter(({ kind }) => kind === 'video');
const active = view => layers(view).filter(layer => layer.active).map(({ rid }) => rid).sort().join(' ');
const picture = view => trackOf(view, 'ada', 'camera');

/** Waits until these layers are the ones that are sent, and nothing of the others any more. */
async function sends(member, rids, options) {
  await member.until(`${rids || 'nothing'} to be sent`, view => active(view) === rids, options);
  const rest = async () => layers(await member.view()).filter(({ active }) => !active).map(({ bytes }) => bytes).join();
  await until(`nothing but ${rids || 'nothing'} to be sent`, async () => {
    const before = await rest();
    return await member.does(() => new Promise(resolve => setTimeout(resolve, 300, true))) && await rest() === before;
  }, options);
}

/** Milliseconds from what `act(element, arg)` does to a viewer's page to the next picture of the camera. */
const nextPicture = (member, act, arg) => member.does(`async (self, arg) => {
  const [element] = self.track('ada', 'camera').elements, began = performance.now();
  const shown = new Promise(resolve => element.requestVideoFrameCallback(() => resolve(performance.now() - began)));
  (${act})(element, arg);
  return shown;
}`, arg);

/** Waits until nothing of the camera comes any more. */
const stops = member => until('no more of the camera', async () => {
  const before = picture(await member.view()).bytes;
  await member.does(() => new Promise(resolve => setTimeout(resolve, 500)));
  return picture(await member.view()).bytes === before;
}, { seen: () => member.view() });

test('a tile of 640×360 is sent 640×360, a smaller and a larger one what they show', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  await Member.joins(tabs[0], server, room, 'ada', camera);
  const bob = await Member.joins(tabs[1], server, room, 'bob', nothing);
  const shows = (width, height) => bob.until(`pictures of ${width}×${height}`, view => picture(view)?.width === width && picture(view).height === height, { seconds: 30 });
  const resize = (width, height) => bob.does((self, width, height) => Object.assign(self.track('ada', 'camera').elements[0].style, { width: `${width}px`, height: `${height}px` }), width, height);
  await shows(640, 360);
  assert.deepEqual(await bob.does(self => self.track('ada', 'camera').wish), { maxWidth: 640, maxHeight: 360 });
  await resize(320, 180);
  await shows(320, 180);
  await resize(790, 444);
  await shows(1280, 720);
  await resize(640, 360);
  await shows(640, 360);
});

test('a tile that is out of sight costs nothing, and has pictures within a second when it is back; others go on', async t => {
  const [server, ...tabs] = await stage.set(t, 3), room = newRoom();
  const ada = await Member.joins(tabs[0], server, room, 'ada', camera);
  const bob = await Member.joins(tabs[1], server, room, 'bob', nothing), cleo = await Member.joins(tabs[2], server, room, 'cleo', nothing);
  await Promise.all([bob.sees('ada'), cleo.sees('ada')]);
  for (const [hidden, shown] of [[{ display: 'none' }, { display: '' }], [{ transform: 'translateX(9999px)' }, { transform: '' }]]) {
    await bob.does((self, hidden) => Object.assign(self.track('ada', 'camera').elements[0].style, hidden), hidden);
    await bob.until('a pause', view => picture(view).state === 'paused' && picture(view).reason === 'WISH');
    await stops(bob);
    await cleo.sees('ada');
    const ms = await nextPicture(bob, (element, style) => Object.assign(element.style, style), shown);
    t.diagnostic(`pictures after ${Math.round(ms)} ms`);
    assert.ok(ms < 1000, `${ms} ms`);
  }
  // the whole page is hidden, and then nobody looks at all
  const look = (_, state) => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
    document.dispatchEvent(new Event('visibilitychange'));
  };
  await bob.does(look, 'hidden');
  await stops(bob);
  await cleo.sees('ada');
  await cleo.does(self => self.track('ada', 'camera').detach());
  await sends(ada, '');
  const ms = await nextPicture(bob, look, 'visible');
  t.diagnostic(`pictures of a camera that nobody watched after ${Math.round(ms)} ms`);
  assert.ok(ms < 1000, `${ms} ms`);
});

for (const name of ['chromium', 'firefox']) {
  test(`${name} sends only the layers that somebody plays, and all of them when they are wanted again`, async t => {
    const server = await stage.server, room = newRoom();
    const tabs = await stage.tabs(t, stage[name], stage.chromium);
    const ada = await Member.joins(tabs[0], server, room, 'ada', camera);
    await sends(ada, '');
    const bob = await Member.joins(tabs[1], server, room, 'bob', { ...nothing, join: { adaptive: false } });
    await bob.sees('ada');
    await sends(ada, 'high low middle');
    const wish = wish => bob.does((self, wish) => self.track('ada', 'camera').setWish(wish), wish);
    await wish({ layer: 'low' });
    await sends(ada, 'low');
    await bob.sees('ada');
    await wish({ maxWidth: 640, maxHeight: 368 });
    await sends(ada, 'low middle');
    await bob.until('the middle layer', view => picture(view).layer === 'middle', { seconds: 30 });
    await wish({ paused: true });
    await sends(ada, '');
    await wish({ layer: 'low' });
    await bob.sees('ada');
    await sends(ada, 'low');
  });
}

test('what is not wanted stays unsent through mute, another device, ICE restart, a lost connection and a new publication', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom(), proxy = await Proxy.start(server.url);
  t.after(() => proxy.close());
  const ada = await Member.joins(tabs[0], server, room, 'ada', { ...camera, via: proxy.url });
  const bob = await Member.joins(tabs[1], server, room, 'bob', { ...nothing, join: { adaptive: false } });
  const wish = layer => bob.does((self, layer) => self.track('ada', 'camera').setWish({ layer }), layer);
  await bob.sees('ada');
  await wish('low');
  await sends(ada, 'low');
  for (const [what, act] of [
    ['mute', async self => { self.tracks.camera.mute(); await self.tracks.camera.unmute(); }],
    ['device', self => self.tracks.camera.useDevice(self.tracks.camera.deviceId)],
    ['restart', self => dispatchEvent(new Event('online'))],
    ['offer', self => self.room.createMicrophoneTrack().then(track => self.room.publish(track))],
  ]) {
    await ada.does(act);
    await bob.sees('ada');
    await sends(ada, 'low').catch(error => assert.fail(`after ${what}: ${error.message}`));
  }

  // what is said while nobody hears it is said again
  for (const [layer, sent] of [['high', 'high low middle'], ['low', 'low']]) {
    await proxy.cut();
    await ada.until('the loss to be noticed', view => view.state === 'reconnecting');
    await wish(layer);
    await proxy.mend();
    await ada.until('a connection', view => view.state === 'connected');
    await sends(ada, sent);
    await bob.until(`the ${layer} layer`, view => picture(view).layer === layer, { seconds: 30 });
  }

  await bob.does(self => self.room.leave());
  await sends(ada, '');
  await proxy.cut(); // whoever comes now is not to wait for pictures until the way is there again
  await sends(ada, 'low');
  await proxy.mend();
  await sends(ada, '');
  await ada.does(self => self.room.unpublish(self.tracks.camera));
  await ada.does(self => self.room.publish(self.tracks.camera)); // on the same section, whose layers were off
  await sends(ada, '');
  const cleo = await Member.joins(tabs[1], server, room, 'cleo', { ...nothing, join: { adaptive: false } });
  await cleo.sees('ada');
  await sends(ada, 'high low middle');
});
