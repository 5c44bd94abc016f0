// The web SDK in real browsers against a real server: what an app's developer writes is what runs here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { describe } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Proxy } from './rig/proxy.mjs';
import { Member, trackOf } from './rig/sdk.mjs';
import { adminToken, token } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile({ chromiumFlags: ['--auto-select-desktop-capture-source=Entire screen', '--auto-accept-this-tab-capture'] });
const nothing = { camera: false, microphone: false };

const admin = (server, method, path, body) => server.request(`/api/v1${path}`, {
  method, headers: { authorization: `Bearer ${adminToken()}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }),
});

test('the ten lines of the SDK\'s README make a call', async t => {
  const readme = readFileSync(new URL('../../sdk/web/README.md', import.meta.url), 'utf8');
  const [, snippet] = /```js\n([\s\S]*?)```/.exec(readme);
  assert.ok(snippet.trim().split('\n').filter(Boolean).length < 10, snippet);
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((identity, i) => Member.runs(tabs[i], server,
    `const token = '${token({ room, identity })}';\n${snippet.replace('https://rtc.example.org', server.url).replace("'lobby'", `'${room}'`)}`)));
  for (const [member, other] of [[ada, 'bob'], [bob, 'ada']]) {
    await member.sees(other, { frames: 30 });
    await member.hears(other);
    assert.equal((await member.view()).state, 'connected');
  }
});

test('two members see and hear each other, a third who comes late does too, and a leave is told', async t => {
  const [server, ...tabs] = await stage.set(t, 3), room = newRoom();
  const ada = await Member.joins(tabs[0], server, room, 'ada');
  const bob = await Member.joins(tabs[1], server, room, 'bob');
  await Promise.all([ada.sees('bob'), ada.hears('bob'), bob.sees('ada'), bob.hears('ada')]);
  const cleo = await Member.joins(tabs[2], server, room, 'cleo', nothing);
  await Promise.all([cleo.sees('ada'), cleo.sees('bob'), cleo.hears('ada'), cleo.hears('bob')]);
  await bob.leave();
  assert.equal((await bob.view()).events.at(-1), 'state left CLIENT_LEFT');
  for (const member of [ada, cleo]) {
    const { participants } = await member.until('bob to be gone', ({ events }) => events.includes('left bob CLIENT_LEFT'));
    assert.ok(!participants.some(({ identity }) => identity === 'bob'));
  }
});

test('mute and unmute, of camera and microphone, are seen by the other, and media goes on', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  const ada = await Member.joins(tabs[0], server, room, 'ada');
  const bob = await Member.joins(tabs[1], server, room, 'bob', nothing);
  await bob.sees('ada');
  for (const source of ['camera', 'microphone']) {
    await ada.does((member, name) => member.tracks[name].mute(), source);
    await bob.until(`the ${source} to be muted`, view => trackOf(view, 'ada', source).muted);
    await ada.does((member, name) => member.tracks[name].unmute(), source);
    await bob.until(`the ${source} to be unmuted`, view => !trackOf(view, 'ada', source).muted);
  }
  await bob.sees('ada', { frames: 30 });
  await bob.hears('ada');
  assert.deepEqual((await bob.view()).events.filter(event => /muted/.test(event)), ['muted camera', 'unmuted camera', 'muted microphone', 'unmuted microphone']);
});

test('a track is unpublished, another takes its section, and a screen comes beside it', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  const ada = await Member.joins(tabs[0], server, room, 'ada');
  const bob = await Member.joins(tabs[1], server, room, 'bob', nothing);
  const first = await bob.sees('ada', { frames: 90 }); // so long that packets do not name their rids any more
  await ada.does(member => member.room.unpublish(member.tracks.camera));
  await bob.until('no camera', view => !trackOf(view, 'ada', 'camera'));
  await bob.hears('ada');
  await ada.does(member => member.room.publish(member.tracks.camera));
  await bob.until('the camera again', view => trackOf(view, 'ada', 'camera'));
  const second = await bob.sees('ada', { frames: 60 });
  assert.notEqual(second.sid, first.sid);
  await ada.does(async member => member.publish('screen', await member.room.createScreenTrack()));
  await bob.sees('ada', { source: 'screen', frames: 5 });
  await bob.sees('ada', { frames: 15 });
});

test('of a simulcast camera each gets the layer it wishes for', async t => {
  const [server, ...tabs] = await stage.set(t, 3), room = newRoom();
  await Member.joins(tabs[0], server, room, 'ada', { camera: { resolution: '720p', frameRate: 15 }, microphone: false });
  const bob = await Member.joins(tabs[1], server, room, 'bob', { ...nothing, join: { adaptive: false } });
  const cleo = await Member.joins(tabs[2], server, room, 'cleo', { ...nothing, join: { adaptive: false } });
  const wish = (member, layer) => member.does((self, name) => self.track('ada', 'camera').setWish({ layer: name }), layer);
  await Promise.all([bob.sees('ada', { frames: 1 }), cleo.sees('ada', { frames: 1 })]);
  for (const [a, b] of [['low', 'high'], ['high', 'low']]) {
    const heights = { low: 180, high: 720 };
    await Promise.all([wish(bob, a), wish(cleo, b)]);
    await bob.until(`the ${a} layer`, view => trackOf(view, 'ada', 'camera').height === heights[a] && trackOf(view, 'ada', 'camera').layer === a, { seconds: 40 });
    await cleo.until(`the ${b} layer`, view => trackOf(view, 'ada', 'camera').height === heights[b] && trackOf(view, 'ada', 'camera').layer === b, { seconds: 40 });
  }
  await bob.does(self => self.track('ada', 'camera').setWish({ paused: true }));
  await bob.until('a paused track', view => trackOf(view, 'ada', 'camera').state === 'paused' && trackOf(view, 'ada', 'camera').reason === 'WISH');
  await bob.does(self => self.track('ada', 'camera').setWish({}));
  await bob.sees('ada');
});

test('WHIP and the SDK meet in one room: each sees the other', async t => {
  const [server, studio, screen, tab] = await stage.set(t, 3), room = newRoom();
  const whip = await studio.whip(server, room, 'studio', { codec: 'VP8' });
  assert.equal(whip.status, 201, whip.text);
  const ada = await Member.joins(tab, server, room, 'ada');
  await ada.until('the WHIP publisher', view => view.participants.some(({ identity }) => identity === 'studio'));
  await ada.until('frames and sound by WHIP', ({ participants }) => {
    const tracks = participants.find(({ identity }) => identity === 'studio')?.tracks ?? [];
    return tracks.some(({ frames }) => frames >= 30) && tracks.some(({ energy }) => energy > 0);
  });
  await whip.end();
  await ada.until('the WHIP publisher to be gone', view => view.events.includes('left studio CLIENT_LEFT'));
  const whep = await screen.whep(server, room, 'screen');
  assert.equal(whep.status, 201, whep.text);
  await whep.until('frames and sound of the SDK', ({ video, audio }) => video.frames >= 30 && audio.energy > 0);
});

test('refusals have codes: a full room, a bad token, an expired one, another room\'s, no server', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  assert.equal((await admin(server, 'POST', '/rooms', { name: room, maxParticipants: 1 })).status, 201);
  await Member.joins(tabs[0], server, room, 'ada', nothing);
  const refused = (code, options = {}) =>
    assert.rejects(Member.joins(tabs[1], server, room, 'bob', options), error => error.message.includes(`${code}: `) || assert.fail(error.message));
  await refused('ROOM_FULL');
  await refused('TOKEN_SIGNATURE', { bearer: token({ room, identity: 'bob', secret: 'wrong' }) });
  await refused('TOKEN_EXPIRED', { bearer: token({ room, identity: 'bob', ttl: -120 }) });
  await refused('TOKEN_MALFORMED', { bearer: 'nonsense' });
  await refused('PERMISSION', { bearer: token({ room: 'elsewhere', identity: 'bob' }) });
  await refused('CONNECT_FAILED', { via: 'http://127.0.0.1:1' });
});

test('the same identity again replaces the older one, which says why', async t => {
  const [server, ...tabs] = await stage.set(t, 3), room = newRoom();
  const older = await Member.joins(tabs[0], server, room, 'ada');
  const bob = await Member.joins(tabs[1], server, room, 'bob', nothing);
  await bob.sees('ada');
  await Member.joins(tabs[2], server, room, 'ada');
  await older.until('the end', ({ events }) => events.at(-1) === 'state left DUPLICATE_IDENTITY');
  await bob.until('only one ada', ({ participants, events }) => events.includes('left ada DUPLICATE_IDENTITY') && participants.length === 1);
  await bob.sees('ada');
});

test('who is removed by an admin is told so, and so are the others', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  const ada = await Member.joins(tabs[0], server, room, 'ada');
  const bob = await Member.joins(tabs[1], server, room, 'bob', nothing);
  await bob.sees('ada');
  assert.equal((await admin(server, 'DELETE', `/rooms/${room}/participants/ada`)).status, 204);
  await ada.until('the end', ({ events }) => events.at(-1) === 'state left REMOVED');
  await bob.until('ada to be gone', ({ events }) => events.includes('left ada REMOVED'));
});

test('when an admin closes the room everybody is out, and told why', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  const members = [await Member.joins(tabs[0], server, room, 'ada'), await Member.joins(tabs[1], server, room, 'bob', nothing)];
  await members[1].sees('ada');
  assert.equal((await admin(server, 'DELETE', `/rooms/${room}`)).status, 204);
  for (const member of members) await member.until('the end', ({ events }) => events.at(-1) === 'state left ROOM_CLOSED');
  assert.ok(!(await server.api('/rooms')).rooms.some(({ name }) => name === room));
});

test('metadata and attributes are seen by the others, when they change and by who comes later', async t => {
  const [server, ...tabs] = await stage.set(t, 3), room = newRoom(), grants = { canUpdateOwnMetadata: true };
  const ada = await Member.joins(tabs[0], server, room, 'ada', { ...nothing, grants, join: { attributes: { hand: 'down', seat: '7' } } });
  const bob = await Member.joins(tabs[1], server, room, 'bob', nothing);
  const profile = ({ participants }) => participants.filter(({ identity }) => identity === 'ada').map(({ metadata, attributes }) => [metadata, attributes])[0];
  const shows = (member, metadata, attributes) => member.until('the new profile', view => isDeepStrictEqual(profile(view), [metadata, attributes]));
  await shows(bob, '', { hand: 'down', seat: '7' });
  await ada.does(({ room }) => room.update({ metadata: 'ada of room 7', attributes: { hand: 'up', seat: null } }));
  await shows(bob, 'ada of room 7', { hand: 'up' });
  assert.deepEqual(await ada.does(({ room: { localParticipant } }) => [localParticipant.metadata, localParticipant.attributes]), ['ada of room 7', { hand: 'up' }]);
  await shows(await Member.joins(tabs[2], server, room, 'cleo', nothing), 'ada of room 7', { hand: 'up' });
  await assert.rejects(bob.does(({ room }) => room.update({ metadata: 'I too' }).catch(error => { throw new Error(error.code); })), /PERMISSION/);
});

test('a track that an admin mutes is muted for all, and its owner cannot undo it', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  const ada = await Member.joins(tabs[0], server, room, 'ada');
  const bob = await Member.joins(tabs[1], server, room, 'bob', nothing);
  const { sid } = await bob.sees('ada');
  const { status, text } = await admin(server, 'POST', `/rooms/${room}/tracks/${sid}/mute`, { muted: true });
  assert.ok(status === 200 || status === 204, `${status} ${text}`);
  await bob.until('a muted camera', view => trackOf(view, 'ada', 'camera').muted);
  const { frames } = trackOf(await bob.view(), 'ada', 'camera');
  assert.equal(await ada.does(async ({ tracks: { camera } }) => (camera.mute(), camera.unmute().catch(error => error.code))), 'PERMISSION');
  await bob.hears('ada');
  const after = trackOf(await bob.view(), 'ada', 'camera');
  assert.ok(after.muted);
  assert.ok(after.frames - frames < 15, `${after.frames - frames} frames came of a muted camera`);
});

test('when the network changes ICE restarts, and the call goes on', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  const ada = await Member.joins(tabs[0], server, room, 'ada');
  const bob = await Member.joins(tabs[1], server, room, 'bob');
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  const { pair, sid } = await ada.view();
  await ada.does(() => void dispatchEvent(new Event('online')));
  await ada.until('another candidate pair', view => view.pair !== pair && view.state === 'connected');
  await Promise.all([ada.sees('bob', { frames: 30 }), bob.sees('ada', { frames: 30 }), ada.hears('bob'), bob.hears('ada')]);
  const after = await ada.view();
  assert.equal(after.sid, sid);
  assert.ok(!(await bob.view()).events.some(event => event.startsWith('left')));
});

/** Ada's signalling goes through a proxy, both publish and see each other. */
async function pairWithProxy(t, server, tabs, room) {
  const proxy = await Proxy.start(server.url);
  t.after(() => proxy.close());
  const ada = await Member.joins(tabs[0], server, room, 'ada', { via: proxy.url });
  const bob = await Member.joins(tabs[1], server, room, 'bob');
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  return [proxy, ada, bob];
}

// Side by side, for the long one is mostly waiting.
describe('the way to the server is cut', { concurrency: 2 }, () => {
  test('a connection cut for 40 s, longer than the time of grace, is a clean re-join', async t => {
    const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
    const [proxy, ada, bob] = await pairWithProxy(t, server, tabs, room);
    const { sid } = await ada.view();
    await proxy.cut();
    const cutAt = Date.now();
    await bob.until('ada to be gone', ({ events }) => events.some(event => event.startsWith('left ada')), { seconds: 40 });
    await until('the time of the cut to be over', () => Date.now() - cutAt >= 40_000, { seconds: 40 });
    await proxy.mend();
    const again = await ada.until('connected', view => view.state === 'connected' && view.sid !== sid, { seconds: 30 });
    assert.ok(!again.events.some(event => event.startsWith('state left')));
    await Promise.all([bob.sees('ada'), bob.hears('ada'), ada.sees('bob'), ada.hears('bob')]);
    await until('one ada and one bob', async () => {
      const { participants } = await server.api(`/rooms/${room}/participants`);
      return participants.map(({ identity }) => identity).sort().join() === 'ada,bob';
    });
  });

  for (const seconds of [1, 5]) test(`a connection cut for ${seconds} s is resumed: no second join, no gap in the media`, async t => {
    const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
    const [proxy, ada, bob] = await pairWithProxy(t, server, tabs, room);
    const before = await bob.view(), { sid } = await ada.view(), heard = before.events.length;
    await proxy.cut();
    const cutAt = Date.now();
    await ada.until('reconnecting', ({ state }) => state === 'reconnecting');
    await Promise.all([bob.sees('ada'), ada.sees('bob')]);
    await until('the time of the cut to be over', () => Date.now() - cutAt >= seconds * 1000);
    await proxy.mend();
    const resumed = await ada.until('connected', ({ state }) => state === 'connected');
    assert.equal(resumed.sid, sid);
    const after = await bob.view();
    assert.deepEqual(after.events.slice(heard), []);
    const [old, now] = [before, after].map(view => trackOf(view, 'ada', 'camera'));
    assert.equal(now.sid, old.sid);
    assert.ok(now.frozen - old.frozen < 0.7, `frozen for ${now.frozen - old.frozen} s`); // short ones come from a busy machine too
    await ada.does(member => member.tracks.microphone.mute());
    await bob.until('a mute through the new connection', view => trackOf(view, 'ada', 'microphone').muted);
  });
});

test('one rings, the other answers', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  const ada = await Member.joins(tabs[0], server, room, 'ada', nothing);
  const bob = await Member.joins(tabs[1], server, room, 'bob', nothing);
  await ada.until('bob', view => view.participants.some(({ identity }) => identity === 'bob'));
  await bob.does(member => void member.room.on('call', async call => {
    member.rung = [call.from, call.payload];
    await call.ringing();
    await call.accept();
  }));
  const states = await ada.does(async ({ room }) => {
    const call = await room.invite('bob', { payload: 'lunch?' }), states = [call.state];
    await new Promise(resolve => call.on('state', state => {
      states.push(state);
      if (!call.pending) resolve();
    }));
    return states;
  });
  assert.deepEqual(states, ['inviting', 'ringing', 'accepted']);
  assert.deepEqual(await bob.does(member => member.rung), ['ada', 'lunch?']);
  await assert.rejects(ada.does(({ room }) => room.invite('nobody').catch(error => { throw new Error(error.code); })), /PARTICIPANT_NOT_FOUND/);
});
