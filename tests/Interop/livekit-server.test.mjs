// LiveKit's server API: each method of the SDK against rooms with agents in them, in both forms of bodies; webhooks.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { DataPacket_Kind, ParticipantInfo_KindDetail, RoomAgentDispatch, RoomConfiguration, TrackSource } from '@livekit/protocol';
import { AccessToken, WebhookReceiver } from 'livekit-server-sdk';
import { Agent, dispose } from './rig/agent.mjs';
import { roomService } from './rig/room-service.mjs';
import { Server, token } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';

const stage = Stage.ofFile({ flags: ['--remote-unmute'] });
after(() => dispose());

const text = value => new TextEncoder().encode(value);

for (const form of ['JSON', 'protobuf']) {
  /** The API, a room's name, and agents in it, who leave at the end. */
  const room = async (t, ...identities) => {
    const server = await stage.server, name = newRoom(), agents = [];
    for (const identity of identities) {
      const agent = await Agent.joins(server, name, identity);
      t.after(() => agent.leaves());
      agents.push(agent);
    }
    return [roomService(server, form), name, ...agents];
  };

  test(`${form}: a room is made, found, changed, and ended for those in it`, async t => {
    const [api, name] = await room(t);
    const made = await api.createRoom({ name, emptyTimeout: 120, departureTimeout: 60, maxParticipants: 3, metadata: 'first' });
    assert.match(made.sid, /^RM_/);
    assert.deepEqual([made.name, made.emptyTimeout, made.departureTimeout, made.maxParticipants, made.metadata], [name, 120, 60, 3, 'first']);
    assert.ok(Math.abs(Number(made.creationTime) - Date.now() / 1000) < 60);

    const ada = await Agent.joins(await stage.server, name, 'ada');
    t.after(() => ada.leaves());
    assert.equal(await ada.room.getSid(), made.sid);
    assert.deepEqual((await api.listRooms([name])).map(r => [r.sid, r.numParticipants]), [[made.sid, 1]]);
    assert.ok((await api.listRooms()).some(r => r.sid === made.sid));
    assert.deepEqual(await api.listRooms(['no-such-room']), []);

    assert.equal((await api.updateRoomMetadata(name, 'second')).metadata, 'second');
    await ada.notes('room metadata second');

    await api.deleteRoom(name);
    await ada.notes('disconnected ROOM_DELETED');
    assert.deepEqual(await api.listRooms([name]), []);
    await assert.rejects(api.deleteRoom(name), { status: 404, code: 'not_found' });
  });

  test(`${form}: participants are listed with what they publish and may do, and one is removed`, async t => {
    const [api, name, ada, bob] = await room(t, 'ada', 'bob');
    const { sid } = await ada.speaks();
    await bob.hears('ada');
    const all = await api.listParticipants(name), info = await api.getParticipant(name, 'ada');
    assert.deepEqual(all.map(p => p.identity).sort(), ['ada', 'bob']);
    assert.equal(info.sid, ada.sid);
    assert.deepEqual(info.tracks.map(track => [track.sid, track.source, track.muted]), [[sid, TrackSource.MICROPHONE, false]]);
    assert.ok(info.permission.canPublish && info.permission.canSubscribe && info.isPublisher);
    await assert.rejects(api.getParticipant(name, 'zoe'), { status: 404, code: 'not_found' });

    await api.removeParticipant(name, 'ada');
    await ada.notes('disconnected PARTICIPANT_REMOVED');
    await bob.notes('left ada');
    await assert.rejects(api.removeParticipant(name, 'ada'), { status: 404, code: 'not_found' });
  });

  test(`${form}: a track is muted for all, and given back its sound`, async t => {
    const [api, name, ada, bob] = await room(t, 'ada', 'bob');
    const { sid } = await ada.speaks();
    await bob.hears('ada');
    const muted = await api.mutePublishedTrack(name, 'ada', sid, true);
    assert.deepEqual([muted.sid, muted.muted], [sid, true]);
    await Promise.all([ada.notes('muted ada voice'), bob.notes('muted ada voice')]);
    assert.equal((await api.mutePublishedTrack(name, 'ada', sid, false)).muted, false);
    await Promise.all([ada.notes('unmuted ada voice'), bob.notes('unmuted ada voice'), bob.hears('ada')]);
    await assert.rejects(api.mutePublishedTrack(name, 'ada', 'TR_none', true), { status: 404, code: 'not_found' });
  });

  test(`${form}: what is told of a participant changes, and what it may do`, async t => {
    const [api, name, ada, bob] = await room(t, 'ada', 'bob');
    await ada.speaks();
    await bob.hears('ada');
    const info = await api.updateParticipant(name, 'ada', { name: 'Ada', metadata: 'm', attributes: { a: '1' } });
    assert.deepEqual([info.name, info.metadata, info.attributes], ['Ada', 'm', { a: '1' }]);
    await Promise.all(['name ada Ada', 'metadata ada m', 'attributes ada {"a":"1"}'].map(event => bob.notes(event)));

    const permission = { canPublish: false, canSubscribe: true, canPublishData: true };
    assert.equal((await api.updateParticipant(name, 'ada', { permission })).permission.canPublish, false);
    await bob.until('no voice', () => bob.events.includes('unpublished ada voice') || bob.events.includes('muted ada voice'));
    await api.updateParticipant(name, 'ada', { permission: { ...permission, canPublish: true } });
    await assert.rejects(api.updateParticipant(name, 'zoe', { name: 'z' }), { status: 404, code: 'not_found' });
  });

  test(`${form}: somebody is made to hear a track no more, and again`, async t => {
    const [api, name, ada, bob] = await room(t, 'ada', 'bob');
    const { sid } = await ada.speaks();
    await bob.hears('ada');
    await api.updateSubscriptions(name, 'bob', [sid], false);
    let heard;
    await bob.until('silence', () => heard === (heard = bob.heard.get('ada')));
    await api.updateSubscriptions(name, 'bob', [sid], true);
    await bob.hears('ada');
  });

  test(`${form}: data reaches all, or those it is for`, async t => {
    const [api, name, ada, bob] = await room(t, 'ada', 'bob');
    await api.sendData(name, text('to all'), DataPacket_Kind.RELIABLE, { topic: 'news' });
    await api.sendData(name, text('to bob'), DataPacket_Kind.RELIABLE, { destinationIdentities: ['bob'] });
    await api.sendData(name, text('to bob by sid'), DataPacket_Kind.LOSSY, { destinationSids: [bob.sid] });
    await api.sendData(name, text('to nobody'), DataPacket_Kind.RELIABLE, { destinationSids: ['PA_gone'] });
    await api.sendData(name, text('last'), DataPacket_Kind.RELIABLE, {});
    await Promise.all([ada, bob].map(agent => agent.until('the last', () => agent.data.some(d => d.text === 'last'))));
    await bob.until('three more', () => bob.data.length === 4);
    assert.deepEqual(ada.data.map(d => [d.text, d.topic ?? '']), [['to all', 'news'], ['last', '']]);
    assert.deepEqual(bob.data.map(d => d.text).sort(), ['last', 'to all', 'to bob', 'to bob by sid']);
    await assert.rejects(api.sendData(newRoom(), text('x'), DataPacket_Kind.RELIABLE, {}), { status: 404, code: 'not_found' });
  });

  test(`${form}: a participant is moved to another room with its voice`, async t => {
    const [api, name, ada, bob] = await room(t, 'ada', 'bob'), there = newRoom();
    const cleo = await Agent.joins(await stage.server, there, 'cleo');
    t.after(() => cleo.leaves());
    await Promise.all([ada.speaks(), cleo.speaks(660)]);
    await bob.hears('ada');
    await api.moveParticipant(name, 'ada', there);
    await Promise.all([bob.notes('left ada'), cleo.notes('joined ada')]);
    await Promise.all([cleo.hears('ada'), ada.hears('cleo')]);
    assert.ok(!ada.events.some(e => e.startsWith('disconnected')), ada.events.join());
    assert.deepEqual((await api.listParticipants(name)).map(p => p.identity), ['bob']);
    assert.deepEqual((await api.listParticipants(there)).map(p => p.identity).sort(), ['ada', 'cleo']);
    await assert.rejects(api.moveParticipant(there, 'ada', there), { status: 400, code: 'invalid_argument' });
  });

  test(`${form}: a participant is forwarded to another room, and is there as it is in its own until it is removed or leaves`, async t => {
    const [api, name, ada, bob] = await room(t, 'ada', 'bob'), there = newRoom();
    const { sid } = await ada.speaks();
    await api.forwardParticipant(name, 'ada', there);
    const cleo = await Agent.joins(await stage.server, there, 'cleo');
    t.after(() => cleo.leaves());
    await Promise.all([bob.hears('ada'), cleo.hears('ada')]);
    const here = await api.getParticipant(name, 'ada'), forwarded = await api.getParticipant(there, 'ada');
    assert.deepEqual([here.kindDetails, forwarded.kindDetails], [[], [ParticipantInfo_KindDetail.FORWARDED]]);
    assert.deepEqual([forwarded.state, forwarded.tracks.map(track => track.sid)], [here.state, [sid]]);

    await api.updateParticipant(name, 'ada', { name: 'Ada', metadata: 'm', attributes: { a: '1' } });
    await Promise.all(['name ada Ada', 'metadata ada m', 'attributes ada {"a":"1"}'].map(event => cleo.notes(event)));
    await api.mutePublishedTrack(name, 'ada', sid, true);
    await cleo.notes('muted ada voice');
    await api.mutePublishedTrack(name, 'ada', sid, false);
    await Promise.all([cleo.notes('unmuted ada voice'), cleo.hears('ada')]);
    await assert.rejects(api.mutePublishedTrack(there, 'ada', sid, true), { status: 412, code: 'failed_precondition' });
    await assert.rejects(api.forwardParticipant(name, 'zoe', there), { status: 404, code: 'not_found' });
    await assert.rejects(api.forwardParticipant(there, 'cleo', there), { status: 400, code: 'invalid_argument' });

    await api.removeParticipant(there, 'ada');
    await Promise.all([cleo.notes('left ada'), bob.hears('ada')]);
    const since = cleo.events.length;
    await api.forwardParticipant(name, 'ada', there);
    await Promise.all([cleo.notes('joined ada', { since }), cleo.hears('ada')]);
    await ada.leaves();
    await Promise.all([cleo.notes('left ada', { since }), bob.notes('left ada')]);
    assert.deepEqual((await api.listParticipants(there)).map(p => p.identity), ['cleo']);
  });

  test(`${form}: a call is refused by name`, async t => {
    const [api, name] = await room(t), server = await stage.server;
    await assert.rejects(roomService(server, form, 'devkey', 'wrong').listRooms(), { status: 401, code: 'unauthenticated' });
    await assert.rejects(api.createRoom({ name: '' }), { status: 400, code: 'invalid_argument' });
  });
}

for (const loops of [1, 2]) {
  test(`with people in both rooms, a participant is forwarded ${loops === 1 ? 'on one forwarding loop' : 'from one forwarding loop to another'}, and moves there`, async t => {
    const server = await Server.start({ flags: ['--loops', `${loops}`] }), api = roomService(server, 'JSON'), name = newRoom(), there = newRoom();
    t.after(() => server.stop());
    const ada = await Agent.joins(server, name, 'ada');
    t.after(() => ada.leaves());
    await ada.speaks();
    const cleo = await Agent.joins(server, there, 'cleo'); // whose room is on the loop with the fewest sessions
    t.after(() => cleo.leaves());
    await api.forwardParticipant(name, 'ada', there);
    await Promise.all([cleo.notes('joined ada'), cleo.hears('ada')]);
    const bob = await Agent.joins(server, name, 'bob');
    t.after(() => bob.leaves());
    await bob.speaks();
    await ada.hears('bob');
    await api.moveParticipant(name, 'bob', there);
    await Promise.all([cleo.notes('joined bob'), cleo.hears('bob')]);
  });
}

test('a token says what the room is like that it opens', async t => {
  const server = await stage.server, name = newRoom(), bearer = new AccessToken('devkey', 'secret', { identity: 'ada' });
  bearer.addGrant({ room: name, roomJoin: true });
  bearer.roomConfig = new RoomConfiguration({
    emptyTimeout: 30, departureTimeout: 40, maxParticipants: 1, metadata: 'by token', agents: [new RoomAgentDispatch({ agentName: 'nobody' })],
  });
  const ada = await Agent.joins(server, name, 'ada', { bearer: await bearer.toJwt() });
  t.after(() => ada.leaves());
  assert.equal(ada.room.metadata, 'by token');
  const [made] = await roomService(server, 'JSON').listRooms([name]);
  assert.deepEqual([made.emptyTimeout, made.departureTimeout, made.maxParticipants, made.metadata], [30, 40, 1, 'by token']);
  await assert.rejects(Agent.joins(server, name, 'bob'));
});

test('webhooks tell of rooms, participants and tracks in order, signed', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'nexus-')), receiver = new WebhookReceiver('appkey', 'a-secret-of-the-app-with-32-characters'), events = [];
  let refusals = 2;
  const app = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    if (refusals-- > 0) return response.writeHead(503).end(); // it is tried again
    assert.equal(request.headers['content-type'], 'application/webhook+json');
    events.push(await receiver.receive(body, request.headers.authorization));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  const config = join(directory, 'nexus.json');
  await writeFile(config, JSON.stringify({
    tenants: [{ name: 'app', keys: [{ key: 'appkey', secret: 'a-secret-of-the-app-with-32-characters', operator: true }], webhooks: { urls: [`http://127.0.0.1:${app.address().port}/hook`] } }],
  }));
  const server = await Server.start({ flags: ['--config', config] }), api = roomService(server, 'JSON', 'appkey', 'a-secret-of-the-app-with-32-characters');
  t.after(async () => {
    await server.stop();
    app.close();
    await rm(directory, { recursive: true });
  });

  const name = newRoom(), ada = await Agent.joins(server, name, 'ada', {
    bearer: token({ room: name, identity: 'ada', secret: 'a-secret-of-the-app-with-32-characters', claims: { iss: 'appkey' } }),
  });
  t.after(() => ada.leaves());
  const { sid } = await ada.speaks();
  await ada.until('the track', () => events.some(e => e.event === 'track_published'));
  const participant = ada.sid, made = await ada.room.getSid();
  await api.removeParticipant(name, 'ada');
  await api.deleteRoom(name);
  await ada.until('the end', () => events.some(e => e.event === 'room_finished'));

  assert.deepEqual(events.map(e => e.event), ['room_started', 'participant_joined', 'track_published', 'track_unpublished', 'participant_left', 'room_finished']);
  assert.ok(events.every(e => e.room.sid === made && e.room.name === name && e.id && Math.abs(Number(e.createdAt) - Date.now() / 1000) < 60));
  assert.deepEqual(events.slice(1, 5).map(e => [e.participant.sid, e.participant.identity]), Array(4).fill([participant, 'ada']));
  assert.deepEqual(events.slice(2, 4).map(e => e.track.sid), [sid, sid]);
});
