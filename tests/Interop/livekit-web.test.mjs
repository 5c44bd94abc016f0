// LiveKit's SDK for the web, unmodified, in Chromium: pages of an app that know nothing of Nexus but its URL.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { WebMember, remoteTrack } from './rig/livekit.mjs';
import { Proxy } from './rig/proxy.mjs';
import { roomService } from './rig/room-service.mjs';
import { adminToken, token } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile({ chromiumFlags: ['--auto-select-desktop-capture-source=Entire screen', '--auto-accept-this-tab-capture'] });
const nothing = { camera: false, microphone: false };

async function admin(server, method, path, body) {
  const { status, text } = await server.request(`/api/v1${path}`, {
    method, headers: { authorization: `Bearer ${adminToken()}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }),
  });
  assert.ok(status < 300, text);
}

const join = (t, room, identity, options) => WebMember.joins(t, stage, room, identity, options);

test('two members see and hear each other, and a leave is told', async t => {
  const room = newRoom(), ada = await join(t, room, 'ada'), bob = await join(t, room, 'bob');
  await Promise.all([ada.sees('bob'), ada.hears('bob'), bob.sees('ada'), bob.hears('ada')]);
  const view = await ada.view();
  assert.equal(view.name, room);
  assert.match(view.sid, /^PA_/);
  assert.ok(view.own.every(({ sid }) => sid.startsWith('TR_')), JSON.stringify(view.own));
  await bob.does(member => member.room.disconnect());
  await ada.notes('left bob');
});

test('all layers of a camera are sent, and the size of the element picks the one that is received', async t => {
  const room = newRoom();
  const ada = await join(t, room, 'ada', { microphone: false, options: { videoCaptureDefaults: { resolution: { width: 1280, height: 720 } } } });
  const bob = await join(t, room, 'bob', nothing);
  await bob.sees('ada');
  await ada.until('three layers', ({ sending }) => new Set(sending.filter(s => s.kind === 'video' && s.framesSent > 0).map(s => s.rid)).size === 3);
  const width = view => remoteTrack(view, 'ada', 'camera').width;
  await bob.until('the high layer', view => width(view) === 1280, { seconds: 30 });
  await bob.does(member => [...member.room.remoteParticipants.values()][0].trackPublications.values().next().value.setVideoQuality(0));
  await bob.until('the low layer', view => width(view) === 320);
  await bob.does(member => [...member.room.remoteParticipants.values()][0].trackPublications.values().next().value.setVideoQuality(2));
  await bob.until('the high layer again', view => width(view) === 1280, { seconds: 30 });
});

test('layers that nobody watches are not sent, and come back when somebody does (dynacast)', async t => {
  const room = newRoom();
  const ada = await join(t, room, 'ada', { microphone: false, options: { dynacast: true, videoCaptureDefaults: { resolution: { width: 1280, height: 720 } } } });
  const bob = await join(t, room, 'bob', nothing), active = ({ sending }) => sending.filter(s => s.kind === 'video' && s.active).map(s => s.rid).sort().join('');
  await bob.sees('ada');
  const wishes = quality => bob.does((member, quality) => [...member.room.remoteParticipants.values()][0].trackPublications.values().next().value.setVideoQuality(quality), quality);
  await wishes(0);
  await ada.until('the low layer alone', view => active(view) === 'q', { seconds: 30 });
  await bob.sees('ada');
  await wishes(2);
  await ada.until('all layers', view => active(view) === 'fhq', { seconds: 30 });
  await bob.until('the high layer', view => remoteTrack(view, 'ada', 'camera').width === 1280, { seconds: 30 });
});

test('an adaptive stream is as large as its element, and nothing while that is hidden (adaptiveStream)', async t => {
  const room = newRoom();
  await join(t, room, 'ada', { microphone: false, options: { videoCaptureDefaults: { resolution: { width: 1280, height: 720 } } } });
  const bob = await join(t, room, 'bob', { ...nothing, options: { adaptiveStream: true } }), camera = view => remoteTrack(view, 'ada', 'camera');
  await bob.until('pictures of 640×360', view => camera(view)?.width === 640 && camera(view).frames > 10, { seconds: 30 });
  const show = display => bob.does((_, display) => (document.querySelector('video').style.display = display), display);
  await show('none');
  await until('no more of the camera', async () => {
    const before = camera(await bob.view()).bytes;
    await bob.does(() => new Promise(resolve => setTimeout(resolve, 500)));
    return camera(await bob.view()).bytes === before;
  }, { seen: () => bob.view() });
  await show('');
  await bob.sees('ada');
});

test('everyone is told how everyone is connected', async t => {
  const room = newRoom(), ada = await join(t, room, 'ada'), bob = await join(t, room, 'bob');
  await bob.sees('ada');
  await bob.until('the quality of who was there', view => view.remote.ada.quality === 'excellent');
  await ada.until('the quality of who came', view => view.remote.bob.quality === 'excellent');
  await ada.notes('quality ada excellent');
  assert.ok(![...(await ada.view()).events, ...(await bob.view()).events].some(e => /^quality \w+ lost/.test(e)));
});

test('a screen is shared and taken back', async t => {
  const room = newRoom(), ada = await join(t, room, 'ada', nothing), bob = await join(t, room, 'bob', nothing);
  await ada.does(member => member.room.localParticipant.setScreenShareEnabled(true));
  await bob.sees('ada', { source: 'screen_share' });
  await ada.does(member => member.room.localParticipant.setScreenShareEnabled(false));
  await bob.notes('unpublished ada screen_share');
  await ada.does(member => member.room.localParticipant.setScreenShareEnabled(true));
  await bob.sees('ada', { source: 'screen_share' });
});

test('a mute by oneself and one by the server are seen by the other, and both can be undone by oneself', async t => {
  const server = await stage.server, room = newRoom(), ada = await join(t, room, 'ada'), bob = await join(t, room, 'bob', nothing);
  await Promise.all([bob.sees('ada'), bob.hears('ada')]);
  await ada.does(member => member.room.localParticipant.setMicrophoneEnabled(false));
  await bob.notes('muted ada microphone');
  await ada.does(member => member.room.localParticipant.setMicrophoneEnabled(true));
  await bob.notes('unmuted ada microphone');
  await bob.hears('ada');
  const { sid } = (await ada.view()).own.find(({ source }) => source === 'microphone');
  await admin(server, 'POST', `/rooms/${room}/tracks/${sid}/mute`, { muted: true });
  await ada.until('the microphone to be muted', ({ own }) => own.find(track => track.sid === sid).muted);
  await ada.does(member => member.room.localParticipant.setMicrophoneEnabled(true));
  await bob.hears('ada');
});

test('sound comes with what was sent before (RED) to who takes it, and without to the others', async t => {
  const room = newRoom(), ada = await join(t, room, 'ada', { camera: false }), bob = await join(t, room, 'bob', nothing);
  const cleo = await join(t, room, 'cleo', { ...nothing, options: { singlePeerConnection: false } });
  /** Octets of a packet of her voice, on average. */
  const weight = async member => {
    const voice = view => remoteTrack(view, 'ada', 'microphone'), before = voice(await member.until('her voice', view => voice(view)?.packets > 0));
    const after = voice(await member.until('100 packets', view => voice(view).packets >= before.packets + 100));
    return (after.bytes - before.bytes) / (after.packets - before.packets);
  };
  const [red, opus] = await Promise.all([weight(bob), weight(cleo)]);
  assert.ok(red > 1.5 * opus, `${red} and ${opus} octets`);
  await Promise.all([bob.hears('ada'), cleo.hears('ada')]);
});

test('what is encrypted end to end is seen and heard by those who have the key, and by nobody else', async t => {
  const room = newRoom(), ada = await join(t, room, 'ada', { password: 'ours' });
  const bob = await join(t, room, 'bob', { ...nothing, password: 'ours' }), eve = await join(t, room, 'eve', { ...nothing, password: 'a guess' });
  await Promise.all([bob.sees('ada'), bob.hears('ada')]);
  const picture = remoteTrack(await eve.until('packets of her picture', view => remoteTrack(view, 'ada', 'camera')?.packets > 20), 'ada', 'camera');
  assert.equal(picture.frames ?? 0, 0);
});

for (const videoCodec of ['vp9', 'av1', 'h264'])
  test(`a camera in ${videoCodec} is seen`, async t => {
    const room = newRoom(), options = { publishDefaults: { videoCodec } };
    await join(t, room, 'ada', { microphone: false, options });
    const bob = await join(t, room, 'bob', nothing);
    await bob.sees('ada');
    assert.equal((await bob.view()).remote.ada.tracks[0].mime.toLowerCase(), `video/${videoCodec}`);
  });

// Who has no VP9: as a browser whose every offer to receive video leaves it out.
const withoutVp9 = () => {
  const { addTransceiver } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.addTransceiver = function (kind, init) {
    const transceiver = addTransceiver.call(this, kind, init);
    if (transceiver.receiver.track.kind === 'video' && transceiver.direction === 'recvonly')
      transceiver.setCodecPreferences(RTCRtpReceiver.getCapabilities('video').codecs.filter(codec => codec.mimeType !== 'video/VP9'));
    return transceiver;
  };
};

for (const [policy, everyone] of [['SIMULCAST', false], ['REGRESSION', true]]) {
  test(`who cannot decode a camera's codec has its backup asked for and sees that, ${everyone ? 'and then everyone does' : 'until nobody needs it'} (${policy})`, async t => {
    const room = newRoom(), publishDefaults = { videoCodec: 'vp9', backupCodec: { codec: 'vp8' }, backupCodecPolicy: { SIMULCAST: 1, REGRESSION: 2 }[policy] };
    const ada = await join(t, room, 'ada', { microphone: false, options: { publishDefaults } }), bob = await join(t, room, 'bob', nothing);
    await bob.sees('ada');
    const sent = ({ sending }, codec) => sending.filter(s => s.codec === codec), decodes = codec => view => remoteTrack(view, 'ada', 'camera')?.codec === codec;
    assert.deepEqual(sent(await ada.view(), 'video/VP8'), []);

    const cleo = await join(t, room, 'cleo', { ...nothing, before: withoutVp9 });
    const { sid } = await cleo.sees('ada', { seconds: 20 });
    await cleo.until('the backup codec', decodes('video/VP8'));
    assert.equal(remoteTrack(await bob.view(), 'ada', 'camera').sid, sid);
    assert.deepEqual((await cleo.view()).remote.ada.tracks.map(track => track.codecs), [['video/vp9', 'video/vp8']]);
    assert.equal((await ada.view()).own.length, 1);
    if (everyone) {
      await bob.until('the backup codec too', decodes('video/VP8'), { seconds: 20 });
      await ada.until('the first codec to rest', view => sent(view, 'video/VP9').every(s => !s.active), { seconds: 30 });
      await Promise.all([bob.sees('ada'), cleo.sees('ada')]);
    } else {
      assert.ok(decodes('video/VP9')(await bob.view()));
      await ada.does(member => { member.room.simulateScenario('signal-reconnect'); });
      await ada.notes('reconnected', { seconds: 30 });
      await Promise.all([bob.sees('ada'), cleo.sees('ada')]);
      await cleo.does(member => member.room.disconnect());
      await ada.until('the backup codec to rest', view => sent(view, 'video/VP8').length > 0 && sent(view, 'video/VP8').every(s => !s.active), { seconds: 30 });
      assert.ok(sent(await ada.view(), 'video/VP9').some(s => s.active));
      await bob.sees('ada');
      const dave = await join(t, room, 'dave', { ...nothing, before: withoutVp9, options: { singlePeerConnection: false } });
      await dave.sees('ada', { seconds: 20 });
      await ada.does(member => member.room.localParticipant.unpublishTrack(member.room.localParticipant.getTrackPublication('camera').track));
      await Promise.all([bob.notes('unpublished ada camera'), dave.notes('unpublished ada camera')]);
      await ada.does(member => member.room.localParticipant.setCameraEnabled(true));
      await Promise.all([bob.sees('ada'), dave.sees('ada', { seconds: 20 })]);
    }
  });
}

test('tracks are subscribed to one by one when a member wants it so', async t => {
  const room = newRoom(), ada = await join(t, room, 'ada'), bob = await join(t, room, 'bob', { ...nothing, connect: { autoSubscribe: false } });
  await bob.until('two tracks', view => view.remote.ada?.tracks.length === 2);
  assert.ok((await bob.view()).remote.ada.tracks.every(({ subscribed }) => !subscribed));
  const subscribe = (source, on) => bob.does((member, source, on) => member.room.remoteParticipants.get('ada').getTrackPublication(source).setSubscribed(on), source, on);
  await subscribe('camera', true);
  await bob.sees('ada');
  assert.equal(remoteTrack(await bob.view(), 'ada', 'microphone').subscribed, false);
  await subscribe('camera', false);
  await bob.notes('unsubscribed ada camera');
  await subscribe('camera', true);
  await bob.sees('ada');
  await ada.notes('heard by others camera');
});

test('a disabled track pauses, and goes on when it is enabled', async t => {
  const room = newRoom(), bob = await join(t, room, 'bob', nothing);
  await join(t, room, 'ada', { microphone: false });
  await bob.sees('ada');
  const enable = on => bob.does((member, on) => member.room.remoteParticipants.get('ada').getTrackPublication('camera').setEnabled(on), on);
  await enable(false);
  let last;
  await bob.until('no more frames', view => {
    const { packets } = remoteTrack(view, 'ada', 'camera'), still = packets === last;
    last = packets;
    return still;
  }, { everyMs: 700 });
  await enable(true);
  await bob.sees('ada');
});

test('who may receive a track is decided by its publisher', async t => {
  const room = newRoom(), ada = await join(t, room, 'ada', { microphone: false }), bob = await join(t, room, 'bob', nothing), cleo = await join(t, room, 'cleo', nothing);
  await Promise.all([bob.sees('ada'), cleo.sees('ada')]);
  await ada.does(member => member.room.localParticipant.setTrackSubscriptionPermissions(false, [{ participantIdentity: 'bob', allowAll: true }]));
  await cleo.notes('permission ada camera not_allowed');
  await bob.sees('ada');
  await ada.does(member => member.room.localParticipant.setTrackSubscriptionPermissions(true, []));
  await cleo.sees('ada');
});

// With its connections where one loop of one node serves both rooms; else the client joins the other room by itself.
test('an admin moves a member to another room', async t => {
  const server = await stage.server, from = newRoom(), to = newRoom();
  const ada = await join(t, from, 'ada'), bob = await join(t, from, 'bob', nothing), cleo = await join(t, to, 'cleo', { microphone: false });
  await bob.sees('ada');
  const move = await server.request('/twirp/livekit.RoomService/MoveParticipant', {
    method: 'POST', body: JSON.stringify({ room: from, identity: 'ada', destinationRoom: to }),
    headers: { authorization: `Bearer ${token({ room: from, identity: 'admin', grants: { roomAdmin: true, destinationRoom: to } })}`, 'content-type': 'application/json' },
  });
  assert.equal(move.status, 200, move.text);
  await bob.notes('left ada');
  await Promise.all([cleo.sees('ada'), ada.sees('cleo')]);
  assert.equal((await ada.view()).name, to);
});

test('name, metadata, attributes and data reach the others', async t => {
  const room = newRoom(), ada = await join(t, room, 'ada', { ...nothing, grants: { canUpdateOwnMetadata: true } }), bob = await join(t, room, 'bob', nothing);
  await ada.does(async member => {
    await member.room.localParticipant.setMetadata('m');
    await member.room.localParticipant.setName('Ada');
    await member.room.localParticipant.setAttributes({ a: '1' });
  });
  await bob.until('all of it', ({ remote: { ada } }) => ada?.metadata === 'm' && ada.name === 'Ada' && ada.attributes.a === '1');
  await ada.does(async member => {
    await member.room.localParticipant.publishData(new TextEncoder().encode('reliable'), { reliable: true, topic: 't' });
    await member.room.localParticipant.publishData(new TextEncoder().encode('lossy'), { reliable: false });
  });
  const { data } = await bob.until('both messages', view => view.data.length === 2);
  assert.deepEqual(data.map(d => [d.from, d.text]).sort(), [['ada', 'lossy'], ['ada', 'reliable']]);
  await assert.rejects(bob.does(member => member.room.localParticipant.setMetadata('not allowed')));
});

// A resume-reconnect is a resume that fails once: the client joins anew after it.
for (const scenario of ['signal-reconnect', 'resume-reconnect', 'full-reconnect']) {
  test(`${scenario}: the room goes on`, async t => {
    const room = newRoom(), ada = await join(t, room, 'ada'), bob = await join(t, room, 'bob');
    await Promise.all([ada.sees('bob'), bob.sees('ada'), bob.hears('ada')]);
    const before = await ada.view();
    await ada.does((member, scenario) => { member.room.simulateScenario(scenario); }, scenario);
    await ada.notes('reconnected', { seconds: 30 });
    await Promise.all([ada.sees('bob', { seconds: 30 }), bob.sees('ada', { seconds: 30 }), bob.hears('ada'), ada.hears('bob')]);
    const after = await ada.view();
    assert.equal(after.sid === before.sid, scenario === 'signal-reconnect');
    if (scenario === 'signal-reconnect') assert.ok(!(await bob.view()).events.includes('left ada'));
  });
}

test('a cut connection is resumed without a gap in the picture', async t => {
  const server = await stage.server, proxy = await Proxy.start(server.url), room = newRoom();
  t.after(() => proxy.close());
  const ada = await join(t, room, 'ada', { via: proxy.url }), bob = await join(t, room, 'bob');
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  const { freezes } = await bob.sees('ada');
  await proxy.cut();
  await proxy.mend();
  await ada.notes('reconnected', { seconds: 30 });
  const after = await bob.sees('ada', { frames: 30 });
  assert.equal(after.freezes, freezes);
  assert.ok(!(await bob.view()).events.includes('left ada'));
});

test('who comes and goes while a connection is cut is known after it', async t => {
  const server = await stage.server, proxy = await Proxy.start(server.url), room = newRoom();
  t.after(() => proxy.close());
  const ada = await join(t, room, 'ada', { ...nothing, via: proxy.url }), bob = await join(t, room, 'bob', nothing);
  await ada.until('bob', ({ remote }) => remote.bob);
  await proxy.cut();
  await bob.does(member => member.room.disconnect());
  await join(t, room, 'cleo', nothing);
  await proxy.mend();
  await ada.until('cleo, and no bob', ({ remote, state }) => state === 'connected' && remote.cleo && !remote.bob, { seconds: 30 });
});

test('a session that the server has forgotten is joined anew by the client itself', async t => {
  const server = await stage.server, proxy = await Proxy.start(server.url), room = newRoom();
  t.after(() => proxy.close());
  const ada = await join(t, room, 'ada', { via: proxy.url }), bob = await join(t, room, 'bob', nothing);
  await bob.sees('ada');
  await proxy.cut();
  await admin(server, 'DELETE', `/rooms/${room}/participants/ada`);
  await proxy.mend();
  await ada.notes('reconnected', { seconds: 30 });
  await bob.sees('ada', { seconds: 30 });
});

test('who is forwarded is seen and heard in the other room, by those alone too', async t => {
  const room = newRoom(), there = newRoom(), api = roomService(await stage.server, 'JSON');
  const ada = await join(t, room, 'ada', { options: { dynacast: true } });
  await api.forwardParticipant(room, 'ada', there);
  const bob = await join(t, there, 'bob', nothing);
  await Promise.all([bob.sees('ada'), bob.hears('ada')]);
  await ada.does(member => member.room.localParticipant.setMicrophoneEnabled(false));
  await bob.notes('muted ada microphone');
  await ada.does(member => member.room.localParticipant.setMicrophoneEnabled(true));
  await Promise.all([bob.notes('unmuted ada microphone'), bob.hears('ada')]);

  // who comes to her own room and goes again switches nothing off that is watched in the other
  const cleo = await join(t, room, 'cleo', nothing);
  await cleo.sees('ada');
  await cleo.does(member => member.room.disconnect());
  await ada.notes('left cleo');
  await bob.sees('ada', { frames: 60 });

  await ada.does(member => member.room.localParticipant.setCameraEnabled(false));
  await bob.until('her camera muted', ({ events }) => events.some(e => /^(muted|unpublished) ada camera/.test(e)));
  await ada.does(member => member.room.localParticipant.setCameraEnabled(true));
  await bob.sees('ada');
  await ada.does(member => member.room.disconnect());
  await bob.notes('left ada');
});

test('who is removed, or whose identity joins again, is told why', async t => {
  const server = await stage.server, room = newRoom(), ada = await join(t, room, 'ada', nothing), bob = await join(t, room, 'bob', nothing);
  const again = await join(t, room, 'ada', nothing);
  await ada.notes('disconnected DUPLICATE_IDENTITY');
  await admin(server, 'DELETE', `/rooms/${room}/participants/ada`);
  await again.notes('disconnected PARTICIPANT_REMOVED');
  await bob.notes('left ada');
});

test('the sample page makes a call', async t => {
  const [server, app] = await Promise.all([stage.server, stage.app]), room = newRoom(), bob = await join(t, room, 'bob');
  app.pages.set('/sample', readFileSync(new URL('../../samples/livekit-web/index.html', import.meta.url)));
  const query = new URLSearchParams({ url: server.url.replace('http', 'ws'), token: token({ room, identity: 'ada' }) });
  const tab = await (await stage.chromium).open(`${app.url}/sample?${query}`);
  t.after(() => tab.close());
  await Promise.all([bob.sees('ada'), bob.hears('ada')]);
  await until('a moving picture in the sample', () => tab.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > 10));
});

test('tokens that are not good are refused with a reason and not tried again', async t => {
  const room = newRoom();
  await assert.rejects(join(t, room, 'ada', { ...nothing, bearer: token({ room, identity: 'ada', secret: 'wrong' }) }), /TOKEN_SIGNATURE.*401/);
  await assert.rejects(join(t, room, 'ada', { ...nothing, grants: { roomJoin: false } }), /PERMISSION.*401/);
});
