import assert from 'node:assert/strict';
import test from 'node:test';
import { NexusError } from '../src/errors.js';
import type { ServerMessage } from '../src/protocol.js';
import { Session, type SessionOptions } from '../src/session.js';
import { FakeClock, settled } from './fake-clock.js';
import { FakeServer, joined, participant } from './fake-server.js';

function setUp(more: Partial<SessionOptions> = {}) {
  const clock = new FakeClock(), server = new FakeServer(), events: string[] = [];
  const session = new Session({
    url: 'ws://server/ws', room: 'lobby', token: 'a.b.c', region: undefined, autoSubscribe: true, attributes: undefined, giveUpAfter: 300_000,
    platform: 'test', clock, open: server.open, ...more,
  });
  session.on('state', (state, why) => events.push(why ? `${state} ${why.code}` : state));
  session.on('resumed', () => events.push('resumed'));
  session.on('rejoined', () => events.push('rejoined'));
  session.resumeFrom(() => ({ epoch: 3, seq: 14 }));
  return { clock, server, session, events };
}

async function joinedSession(more?: Partial<SessionOptions>) {
  const all = setUp(more);
  await all.session.join();
  return all;
}

const types = (messages: { type: string }[]) => messages.map(message => message.type).join(' ');
const refused = (code: string) => (error: unknown) => error instanceof NexusError && error.code === code;

test('a join says who asks, for what, and with which token', async () => {
  const { server } = await joinedSession({ region: 'eu', attributes: { hand: 'up' } });
  assert.equal(server.socket.url, 'ws://server/ws?region=eu');
  const { requestId, client, ...join } = server.socket.received[0]!;
  assert.deepEqual(join, { type: 'join', room: 'lobby', token: 'a.b.c', autoSubscribe: true, attributes: { hand: 'up' } });
  assert.ok(requestId && client);
});

test('a refused join is an error with its code', async () => {
  const { server, session, events } = setUp();
  server.answers.join = ({ requestId }) => ({ type: 'error', requestId: requestId!, code: 'TOKEN_EXPIRED', message: 'The token has expired.', fatal: true });
  await assert.rejects(session.join(), refused('TOKEN_EXPIRED'));
  assert.ok(server.socket.closed);
  assert.deepEqual(events, []);
});

test('a server that cannot be reached is an error at once', async () => {
  const { server, session } = setUp();
  server.up = false;
  await assert.rejects(session.join(), refused('CONNECT_FAILED'));
});

test('a socket that never opens is given up after 10 s', async () => {
  const { clock, session } = setUp({ open: () => ({ onopen: null, onmessage: null, onclose: null, onerror: null, send() {}, close() {} }) });
  const join = assert.rejects(session.join(), refused('CONNECT_FAILED'));
  await clock.advance(10_000);
  await join;
});

test('replies go to their requests, whatever their order', async () => {
  const { server, session } = await joinedSession();
  server.answers.mute = () => undefined;
  const [first, second] = [true, false].map(muted => session.request({ type: 'mute', trackSid: 'TR_1', muted }));
  const [one, two] = server.socket.received.slice(1).map(message => message.requestId!);
  server.socket.says({ type: 'ok', requestId: two! });
  server.socket.says({ type: 'error', requestId: one!, code: 'PERMISSION', message: 'no' });
  assert.equal((await second!).requestId, two);
  await assert.rejects(first!, refused('PERMISSION'));
});

test('a reply that does not come is a time-out', async () => {
  const { clock, server, session } = await joinedSession();
  server.answers.update = () => undefined;
  const request = assert.rejects(session.request({ type: 'update', metadata: 'x' }), refused('TIMEOUT'));
  await clock.advance(15_000);
  await request;
});

test('unknown messages and unknown fields are ignored', async () => {
  const { server, session } = await joinedSession();
  const pushes: unknown[] = [];
  session.on('push', message => pushes.push(message));
  server.socket.onmessage!({ data: JSON.stringify({ type: 'wave', from: 'ada' }) });
  server.socket.onmessage!({ data: JSON.stringify({ type: 'sections', audio: 1, video: 1, data: 1 }) });
  assert.equal(types(pushes as { type: string }[]), 'sections');
});

test('pings go out each interval; silence for three of them is a lost connection', async () => {
  const { clock, server, events } = await joinedSession();
  await clock.advance(10_000);
  assert.equal(types(server.socket.received), 'join ping ping');
  server.answers.ping = () => undefined;
  await clock.advance(15_000);
  assert.equal(events[0], 'reconnecting');
  assert.ok(server.sockets[0]!.closed);
});

test('a lost connection is resumed: same session, same place, no second join', async () => {
  const { clock, server, events } = await joinedSession();
  server.socket.breaks();
  assert.deepEqual(events, ['reconnecting']);
  await clock.advance(300);
  const { requestId, ...resume } = server.socket.received[0]!;
  assert.deepEqual(resume, { type: 'resume', session: 'SE_first', room: 'lobby', token: 'a.b.c', epoch: 3, seq: 14 });
  assert.ok(requestId);
  assert.deepEqual(events, ['reconnecting', 'connected', 'resumed']);
  assert.equal(server.sockets.flatMap(socket => socket.received).filter(m => m.type === 'join').length, 1);
});

test('requests that had no answer are sent again after the resume, once, with what was asked meanwhile', async () => {
  const { clock, server, session } = await joinedSession();
  server.answers.offer = () => undefined;
  const offer = session.request({ type: 'offer', id: 1, sdp: 'v=0', publish: {} });
  server.socket.breaks();
  const mute = session.request({ type: 'mute', trackSid: 'TR_1', muted: true });
  delete server.answers.offer;
  await clock.advance(300);
  assert.equal(types(server.socket.received), 'resume offer mute');
  assert.equal((await offer).id, 1);
  await mute;
});

test('what is asked while the resume is being told is sent once', async () => {
  const { clock, server, session } = await joinedSession();
  session.on('resumed', () => void session.request({ type: 'mute', trackSid: 'TR_1', muted: true }));
  server.socket.breaks();
  await clock.advance(300);
  assert.equal(types(server.socket.received), 'resume mute');
});

test('an invitation is not repeated', async () => {
  const { server, session } = await joinedSession();
  server.answers.invite = () => undefined;
  const invite = assert.rejects(session.request({ type: 'invite', to: 'ada' }), refused('CONNECTION_LOST'));
  server.socket.breaks();
  await invite;
});

test('tries go on at 0.3, 1.2, 2.7 and 4.8 s while the server is away', async () => {
  const { clock, server } = await joinedSession();
  server.up = false;
  server.socket.breaks();
  const at: number[] = [];
  let sockets = 1;
  for (let ms = 0; ms < 9100; ms += 100) {
    await clock.advance(100);
    if (server.sockets.length > sockets) at.push(clock.now());
    sockets = server.sockets.length;
  }
  assert.deepEqual(at, [300, 1500, 4200, 9000]);
});

test('after the grace time it joins anew, and open requests end', async () => {
  const { clock, server, session, events } = await joinedSession();
  server.answers.offer = () => undefined;
  server.answers.resume = ({ requestId }) => ({ type: 'error', requestId: requestId!, code: 'SESSION_NOT_FOUND', message: 'gone', fatal: true });
  server.answers.join = ({ requestId }) => joined(requestId!, { session: 'SE_second', participant: participant('me', { sid: 'PA_me2' }) });
  const offer = assert.rejects(session.request({ type: 'offer', id: 1, sdp: 'v=0', publish: {} }), refused('ENDED'));
  server.socket.breaks();
  await clock.advance(300);
  await offer;
  assert.deepEqual(events, ['reconnecting', 'connected', 'rejoined']);
  server.socket.breaks();
  delete server.answers.resume;
  await clock.advance(300);
  assert.equal(server.socket.received[0]!.session, 'SE_second');
});

test('a token function is asked anew for each try', async () => {
  let n = 0;
  const { clock, server } = await joinedSession({ token: () => `token.${++n}.x` });
  server.socket.breaks();
  await clock.advance(300);
  assert.equal(server.socket.received[0]!.token, 'token.2.x');
});

for (const [code, then, last] of [['REMOVED', 'stop', 'ended REMOVED'], ['DUPLICATE_IDENTITY', 'stop', 'ended DUPLICATE_IDENTITY']] as const) {
  test(`${code} ends the session`, async () => {
    const { clock, server, session, events } = await joinedSession();
    server.socket.says({ type: 'leave', code, message: 'out', then });
    await clock.advance(60_000);
    assert.deepEqual(events, [last]);
    assert.equal(server.sockets.length, 1);
    await assert.rejects(session.request({ type: 'snapshot' }), refused('ENDED'));
  });
}

test('a lost node leads to a new join, a leaving gateway to a resume', async () => {
  const { clock, server, events } = await joinedSession();
  server.socket.says({ type: 'leave', code: 'NODE_LOST', message: 'gone', then: 'rejoin' });
  await clock.advance(100);
  server.socket.says({ type: 'leave', code: 'SERVER_SHUTDOWN', message: 'going', then: 'resume' });
  await clock.advance(100);
  assert.deepEqual(server.sockets.map(socket => socket.received[0]!.type), ['join', 'join', 'resume']);
  assert.deepEqual(events, ['reconnecting', 'connected', 'rejoined', 'reconnecting', 'connected', 'resumed']);
});

test('who is moved joins the other room with the token that it was given', async () => {
  const { clock, server, events } = await joinedSession();
  server.socket.says({ type: 'leave', code: 'MOVED', message: 'moved', then: 'rejoin', room: 'stage', token: 'd.e.f' });
  await clock.advance(100);
  const { room, token, type } = server.socket.received[0] as { room: string; token: string; type: string };
  assert.deepEqual({ type, room, token }, { type: 'join', room: 'stage', token: 'd.e.f' });
  assert.deepEqual(events, ['reconnecting', 'connected', 'rejoined']);
});

test('a leave in place of a reply is no time-out and no second try at once', async () => {
  const { clock, server, events } = await joinedSession();
  server.answers.resume = () => ({ type: 'leave', code: 'REMOVED', message: 'out', then: 'stop' }) as ServerMessage;
  server.socket.breaks();
  await clock.advance(60_000);
  assert.deepEqual(events, ['reconnecting', 'ended REMOVED']);
  assert.equal(server.sockets.length, 2);
});

test('leaving says so and ends it', async () => {
  const { clock, server, session, events } = await joinedSession();
  session.leave();
  assert.equal(server.socket.received.at(-1)!.type, 'leave');
  assert.ok(server.socket.closed);
  await clock.advance(60_000);
  assert.deepEqual(events, ['ended CLIENT_LEFT']);
  assert.equal(server.sockets.length, 1);
});

test('leaving while it reconnects ends the tries', async () => {
  const { clock, server, session } = await joinedSession();
  server.socket.breaks();
  session.leave();
  await clock.advance(60_000);
  assert.equal(server.sockets.length, 1);
});

test('on another network a connection that does not answer is dead within a second', async () => {
  const { clock, server, session, events } = await joinedSession();
  server.answers.ping = () => undefined;
  session.networkChanged();
  await clock.advance(1000);
  assert.deepEqual(events, ['reconnecting']);
});

test('on another network a connection that answers goes on', async () => {
  const { clock, session, events } = await joinedSession();
  await clock.advance(1000);
  session.networkChanged();
  await clock.advance(4000);
  assert.deepEqual(events, []);
});

test('while it reconnects, notices are dropped, not gathered', async () => {
  const { clock, server, session } = await joinedSession();
  server.socket.breaks();
  session.notify({ type: 'ack', trackSid: 'TR_1', mid: '0' });
  await clock.advance(300);
  await settled();
  assert.equal(types(server.socket.received), 'resume');
});
