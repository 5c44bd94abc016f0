// What moderators do to people and rooms is told to those whom it concerns: by the SDK and by LiveKit's, in Chromium.
import assert from 'node:assert/strict';
import test from 'node:test';
import { WebMember } from './rig/livekit.mjs';
import { roomService } from './rig/room-service.mjs';
import { Member, trackOf } from './rig/sdk.mjs';
import { adminToken } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
const nothing = { camera: false, microphone: false };
const all = { canPublish: true, canSubscribe: true, canPublishData: true };

/** Ada and Bob in a room, and a moderator's ways to act on it. */
async function meeting(t, ada = nothing) {
  const [server, ...tabs] = await stage.set(t, 3), room = newRoom();
  const members = [await Member.joins(tabs[0], server, room, 'ada', ada), await Member.joins(tabs[1], server, room, 'bob', nothing)];
  await Promise.all(members.map(member => member.until('connected', ({ state, participants }) => state === 'connected' && participants.length === 1)));
  const act = async (method, path, body) => {
    const { status, text } = await server.request(`/api/v1/rooms/${room}${path}`, {
      method, headers: { authorization: `Bearer ${adminToken()}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }),
    });
    assert.ok(status < 300, text);
  };
  return { server, room, tab: tabs[2], ada: members[0], bob: members[1], act, restrict: permission => roomService(server, 'JSON').updateParticipant(room, 'ada', { permission: { ...all, ...permission } }) };
}

const own = (view, source) => view.own.find(track => track.source === source);
const code = "error => { throw new Error(`code ${error.code}`); }";

test('who is muted sees it on his track, cannot undo it, and sends nothing of it until it is given back', async t => {
  const { ada, bob, act } = await meeting(t, { camera: false });
  const { sid } = await bob.hears('ada');
  await act('POST', `/tracks/${sid}/mute`, { muted: true });
  await ada.until('muted by the server', view => own(view, 'microphone').mutedByServer);
  await bob.until('muted by the server', view => trackOf(view, 'ada', 'microphone').mutedByServer);
  assert.deepEqual(await ada.does(async ({ tracks: { microphone } }) => [await microphone.unmute().catch(error => error.code), microphone.mediaStreamTrack.enabled]), ['PERMISSION', false]);
  await act('POST', `/tracks/${sid}/mute`, { muted: false });
  await ada.until('given back', view => !own(view, 'microphone').mutedByServer);
  await bob.hears('ada');
});

test('who may not write any more is told, and no line looks sent that was not: also those that race with the revocation', async t => {
  const { ada, bob, restrict } = await meeting(t);
  await ada.does(member => {
    member.lines = { sent: [], refused: [] };
    const write = async (text, i) => {
      try {
        await member.room.chat.send(`${text} ${i}`);
        member.lines.sent.push(`${text} ${i}`);
      } catch (error) {
        member.lines.refused.push(error.code);
        member.silenced = true;
      }
    };
    member.writing = (async () => {
      for (let i = 0; !member.silenced; i++) {
        void write('and', i); // some are always under way
        await write('line', i);
      }
    })();
  });
  await until('lines at bob', async () => (await bob.does(({ chat }) => chat.length)) >= 20);
  await restrict({ canPublishData: false });
  await ada.until('the word of it', ({ events }) => events.includes('grants publish true data false'));
  const lines = await ada.does(async member => (await member.writing, await new Promise(resolve => setTimeout(resolve)), member.lines));
  assert.ok(lines.refused.length > 0 && lines.refused.every(code => code === 'PERMISSION'), JSON.stringify(lines.refused));
  assert.equal(await ada.does(({ room }) => room.sendData('x').catch(error => error.code)), 'PERMISSION');
  await restrict({});
  await ada.until('the word of it', ({ events }) => events.at(-1) === 'grants publish true data true');
  await ada.does(({ room }) => room.chat.send('last'));
  const got = await until('the last line at bob', async () => {
    const chat = await bob.does(({ chat }) => chat.map(([, text]) => text));
    return chat.at(-1) === 'last' && chat;
  });
  assert.deepEqual([...got].sort(), [...lines.sent, 'last'].sort());
  assert.deepEqual((await ada.does(({ chat }) => chat.map(([, text]) => text))).sort(), [...got].sort());
});

test('who may not publish any more is told: his tracks end, others are refused, until he may again', async t => {
  const { ada, bob, restrict } = await meeting(t, {});
  await bob.sees('ada');
  await restrict({ canPublishSources: [2] }); // MICROPHONE
  await ada.until('the camera ended', ({ events }) => events.includes('unpublished my camera'));
  await bob.until('no camera', view => !trackOf(view, 'ada', 'camera'));
  await bob.hears('ada');
  assert.deepEqual(await ada.does(({ room }) => [room.mayPublish('camera'), room.mayPublish('microphone')]), [false, true]);
  await assert.rejects(ada.does(`(member) => member.room.publish(member.tracks.camera).catch(${code})`), /code PERMISSION/);
  await restrict({});
  await ada.until('the word of it', ({ events }) => events.at(-1) === 'grants publish true data true');
  await ada.does(({ room, tracks: { camera } }) => room.publish(camera));
  await bob.sees('ada');
});

test('who is moved is told, is in the other room with what was taken from him, and so are those whom he leaves', async t => {
  const { server, room, ada, bob, tab, restrict } = await meeting(t, { camera: false }), there = newRoom();
  const cleo = await Member.joins(tab, server, there, 'cleo', nothing);
  await bob.hears('ada');
  await restrict({ canPublishData: false });
  await ada.until('the word of it', ({ events }) => events.includes('grants publish true data false'));
  await roomService(server, 'JSON').moveParticipant(room, 'ada', there);
  const moved = await ada.until('moved', ({ events, state }) => events.includes(`moved to ${there}`) && state === 'connected');
  assert.equal(moved.name, there);
  await cleo.hears('ada');
  await bob.until('ada to be gone', ({ events }) => events.some(event => event.startsWith('left ada')));
  assert.equal(await ada.does(({ room }) => room.sendData('x').catch(error => error.code)), 'PERMISSION');
});

test('a lock of the room is told to those inside, and refuses others by name', async t => {
  const { server, room, ada, bob, tab, act } = await meeting(t);
  await act('POST', '/lock', { locked: true });
  for (const member of [ada, bob]) await member.until('the lock', ({ locked, events }) => locked && events.at(-1) === 'locked');
  await assert.rejects(Member.joins(tab, server, room, 'cleo', nothing), /ROOM_LOCKED/);
  await act('POST', '/lock', { locked: false });
  await ada.until('its end', ({ locked, events }) => !locked && events.at(-1) === 'unlocked');
  await Member.joins(tab, server, room, 'cleo', nothing);
});

test('LiveKit\'s client is told of mutes, of its permissions and of its removal', async t => {
  const server = await stage.server, room = newRoom(), api = roomService(server, 'JSON');
  const ada = await WebMember.joins(t, stage, room, 'ada', { camera: false }), bob = await WebMember.joins(t, stage, room, 'bob', nothing);
  await bob.hears('ada');
  const { sid } = (await ada.view()).own.find(({ source }) => source === 'microphone');
  await api.mutePublishedTrack(room, 'ada', sid, true);
  await Promise.all([ada.notes('muted ada microphone'), bob.notes('muted ada microphone')]);
  await api.updateParticipant(room, 'ada', { permission: { ...all, canPublish: false, canPublishData: false } });
  await ada.notes('permissions ada publish false data false');
  await bob.notes('unpublished ada microphone');
  await api.removeParticipant(room, 'ada');
  await ada.notes('disconnected PARTICIPANT_REMOVED');
});
