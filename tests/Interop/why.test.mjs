// Each reason made to happen between real clients and real nodes, and named: by GET /api/v1/rooms/{room}/why and by ./nexus why.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { Netns, badNetwork } from './rig/netns.mjs';
import { Member, trackOf } from './rig/sdk.mjs';
import { Server, adminToken, devKey, freePort, nexusCommand, token } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
const nothing = { camera: false, microphone: false };

/** What `./nexus why` says of the room: its exit code and output. */
const command = (server, ...args) => new Promise(resolve => {
  const [file, ...rest] = server.netns ? server.netns.inside(...nexusCommand('why', ...args, '--url', server.url)) : nexusCommand('why', ...args, '--url', server.url);
  execFile(file, rest, { timeout: 30_000 }, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }));
});

const findings = async (server, room, query = '') => (await server.api(`/rooms/${room}/why${query}`)).findings;

/** Waits until what `subscriber` gets of `publisher`'s video stops for this reason, and checks that the command says the same. */
async function names(server, room, reason, { publisher = 'ada', subscriber = 'bob', says = /./, config } = {}) {
  const found = await until(`${reason} between ${publisher} and ${subscriber}`, async () => {
    const { tracks } = await server.api(`/rooms/${room}/tracks`), video = tracks.find(t => t.identity === publisher && t.kind === 'video');
    return video && (await findings(server, room, `?identity=${subscriber}&track=${video.sid}`)).find(f => f.reason === reason && f.publisher === publisher);
  }, { seconds: 30, seen: () => findings(server, room) });
  assert.equal(found.state, 'stopped');
  assert.match(found.explanation, says);
  assert.ok(found.mend.length > 0);
  const told = await command(server, room, subscriber, found.track, ...(config ? ['--config', config] : []));
  assert.equal(told.code, 1, told.stderr);
  assert.ok(told.stdout.startsWith(`${publisher} → ${subscriber}  ${found.track}  ${reason}\n    ${found.explanation} ${found.mend}`), told.stdout);
}

/** Ada publishes, Bob receives, by the SDK; what is done to their pages before comes as functions that run there. */
async function pair(t, { ada = () => {}, bob = () => {}, camera, grants, frames = 0 } = {}) {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  await Promise.all([tabs[0].evaluate(ada), tabs[1].evaluate(bob)]);
  const publisher = await Member.joins(tabs[0], server, room, 'ada', { microphone: false, ...(camera && { camera }) });
  const subscriber = await Member.joins(tabs[1], server, room, 'bob', { ...nothing, grants });
  if (frames) await subscriber.sees('ada', { frames });
  return { server, room, ada: publisher, bob: subscriber };
}

test('what flows is said to flow, and the command ends with 0', async t => {
  const { server, room } = await pair(t, { frames: 5 });
  assert.deepEqual((await findings(server, room)).map(({ publisher, subscriber, state, reason }) => [publisher, subscriber, state, reason]), [['ada', 'bob', 'flowing', null]]);
  const { code, stdout } = await command(server, room);
  assert.equal(code, 0);
  assert.match(stdout, /^ada → bob {2}TR_\w+ {2}flows\n$/);
  const json = await command(server, room, '--json');
  assert.deepEqual(JSON.parse(json.stdout).findings, await findings(server, room));
  const refused = await command(server, 'no-such-room');
  assert.deepEqual([refused.code, /^nexus: ROOM_NOT_FOUND: /.test(refused.stderr)], [1, true]);
});

test('MUTED: by the publisher, and by an admin', async t => {
  const { server, room, ada, bob } = await pair(t, { frames: 5 });
  await ada.does(member => member.tracks.camera.mute());
  await names(server, room, 'MUTED', { says: /by its publisher/ });
  await ada.does(member => member.tracks.camera.unmute());
  await bob.sees('ada');
  const { sid } = trackOf(await bob.view(), 'ada', 'camera');
  const muted = await server.request(`/api/v1/rooms/${room}/tracks/${sid}/mute`, { method: 'POST', headers: { authorization: `Bearer ${adminToken()}` } });
  assert.equal(muted.status, 204, muted.text);
  await names(server, room, 'MUTED', { says: /by an admin/ });
});

test('NO_SOURCE_PACKETS: the publisher\'s capture gives nothing any more', async t => {
  const { server, room, ada } = await pair(t, { frames: 5 });
  await ada.does(member => Promise.all(member.room.peerConnection.getSenders().map(sender => sender.replaceTrack(null))));
  await names(server, room, 'NO_SOURCE_PACKETS');
});

test('NO_KEYFRAME: packets come, keyframes never do', async t => {
  const { server, room } = await pair(t, {
    ada: () => {
      const worker = new Worker(URL.createObjectURL(new Blob([`onrtctransform = ({ transformer: { readable, writable } }) => readable
        .pipeThrough(new TransformStream({ transform: (frame, next) => frame.type === 'key' || next.enqueue(frame) })).pipeTo(writable)`])));
      const add = RTCPeerConnection.prototype.addTransceiver;
      RTCPeerConnection.prototype.addTransceiver = function (what, init) {
        const transceiver = add.call(this, what, init);
        if (init.direction === 'sendonly') transceiver.sender.transform = new RTCRtpScriptTransform(worker, {});
        return transceiver;
      };
    },
  });
  await names(server, room, 'NO_KEYFRAME');
});

test('NOT_ACKED: the client does not say that it is ready', async t => {
  const { server, room } = await pair(t, {
    bob: () => {
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (text) {
        if (!/"type":"ack"/.test(text)) send.call(this, text);
      };
    },
  });
  await names(server, room, 'NOT_ACKED');
});

test('CODEC: the subscriber decodes VP8 only, the track is H264', async t => {
  const { server, room } = await pair(t, {
    camera: { resolution: '360p', codec: 'H264' },
    bob: () => {
      const add = RTCPeerConnection.prototype.addTransceiver;
      RTCPeerConnection.prototype.addTransceiver = function (what, init) {
        const transceiver = add.call(this, what, init);
        if (what === 'video') transceiver.setCodecPreferences(RTCRtpReceiver.getCapabilities('video').codecs.filter(({ mimeType }) => /VP8|rtx/.test(mimeType)));
        return transceiver;
      };
    },
  });
  await names(server, room, 'CODEC', { says: /cannot decode H264/ });
});

test('PERMISSION: the subscriber\'s token does not let it receive', async t => {
  const { server, room } = await pair(t, { grants: { canSubscribe: false } });
  await names(server, room, 'PERMISSION', { says: /subscribing/ });
});

test('NO_ICE: no connectivity check comes, of a subscriber and then of a publisher', async t => {
  const [server, tab, silent] = await stage.set(t, 2), room = newRoom();
  await (await tab.whip(server, room, 'ada', { codec: 'VP8', audio: false })).connected();
  // an offer is sent, its answer never used
  const offers = (kind, identity) => silent.evaluate(async (url, kind, bearer) => {
    const pc = new RTCPeerConnection();
    pc.addTransceiver('video', { direction: kind === 'whip' ? 'sendonly' : 'recvonly' });
    const { sdp } = await pc.createOffer();
    return (await fetch(url, { method: 'POST', body: sdp, headers: { 'content-type': 'application/sdp', authorization: `Bearer ${bearer}` } })).status;
  }, `${server.url}/${kind}/${room}`, kind, token({ room, identity }));
  assert.equal(await offers('whep', 'bob'), 201);
  await names(server, room, 'NO_ICE', { says: /of the subscriber/ });
  assert.equal(await offers('whip', 'carol'), 201);
  await names(server, room, 'NO_ICE', { publisher: 'carol', says: /of the publisher/ });
});

test('NO_DTLS: ICE gets through, DTLS does not', async t => {
  const netns = await Netns.create(), apart = new Stage({ netns });
  t.after(async () => {
    await apart.close();
    await netns.close();
  });
  const [server, tab, viewer] = await apart.set(t, 2), room = newRoom();
  await (await tab.whip(server, room, 'ada', { codec: 'VP8', audio: false })).connected();
  await netns.rules(badNetwork.longDtls(0));
  await viewer.whep(server, room, 'bob', { audio: false });
  await names(server, room, 'NO_DTLS', { says: /of the subscriber/ });
});

/** A control process and, in a region of its own, a media process; Ada's camera and Bob are on the latter. */
async function elsewhere(t, { flags = [] } = {}) {
  const control = `127.0.0.1:${await freePort()}`, both = new Stage({ flags: ['--control-listen', control, ...flags] });
  t.after(() => both.close());
  const [server, ...tabs] = await both.set(t, 2), room = newRoom();
  const media = await Server.startMedia({ control, flags: ['--region', 'us'] });
  t.after(() => media.stop('SIGKILL'));
  await until('the node of region us', async () => (await server.api('/nodes')).nodes.some(({ region }) => region === 'us'));
  await tabs[0].whip(server, room, 'ada', { codec: 'VP8', audio: false, query: '?region=us' });
  await (await tabs[1].whep(server, room, 'bob', { audio: false, query: '?region=us' })).decodes(5);
  return { control, server, media, room };
}

test('NODE_LOST: the media process gives no sign of life', async t => {
  const { server, media, room } = await elsewhere(t);
  assert.equal((await findings(server, room))[0].state, 'flowing');
  media.child.kill('SIGSTOP'); // its sockets stay open: only silence tells
  const found = await until('NODE_LOST', async () => (await findings(server, room)).find(({ reason }) => reason === 'NODE_LOST'), { everyMs: 50 });
  assert.equal(found.state, 'stopped');
});

test('REGION_REFUSED: the tenant\'s residency changed under a call', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-residency-'));
  const before = devKey.secret;
  devKey.secret = 'a secret that is long enough for a configuration';
  t.after(() => {
    devKey.secret = before;
    rmSync(folder, { recursive: true });
  });
  const config = (...regions) => {
    const file = join(folder, `${regions.join('-')}.json`), keys = [{ key: 'devkey', secret: devKey.secret, operator: true }];
    writeFileSync(file, JSON.stringify({ tenants: [{ name: 'default', keys, residency: { zone: 'z', regions } }] }));
    return file;
  };
  const { control, server, room } = await elsewhere(t, { flags: ['--config', config('local', 'us')] });
  await server.stop('SIGKILL');
  const later = await Server.start({ flags: ['--control-listen', control, '--config', config('local')] });
  t.after(() => later.stop());
  await until('the room to be back', async () => (await later.api('/rooms')).rooms.some(({ name, numParticipants }) => name === room && numParticipants === 2), { seconds: 30 });
  await names(later, room, 'REGION_REFUSED', { says: /in region us/, config: config('local') });
});
