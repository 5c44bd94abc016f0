// Data messages, chat, RPC and streams between LiveKit's unmodified SDKs (web, Node) and the SDK of Nexus.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { Agent, dispose } from './rig/agent.mjs';
import { WebMember } from './rig/livekit.mjs';
import { Member } from './rig/sdk.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
const nothing = { camera: false, microphone: false };
after(() => dispose());

const web = async (t, room, identity, options = {}) => {
  const member = await WebMember.joins(t, stage, room, identity, { ...nothing, ...options });
  await member.does(member => {
    member.chat = [];
    member.room.registerTextStreamHandler('lk.chat', async (reader, { identity }) => member.chat.push([identity, await reader.readAll()]));
  });
  return member;
};

const nexus = async (t, room, identity) => {
  const [server, tab] = await stage.set(t, 1);
  return Member.joins(tab, server, room, identity, nothing);
};

/** Waits until a page's list has that many entries and returns it. */
const got = (member, list, count) => until(`${count} in ${list}`, async () => {
  const entries = await member.tab.evaluate(list => globalThis.member[list], list);
  return entries.length >= count && entries;
}, { seen: () => member.tab.evaluate(list => globalThis.member[list], list) });

test('a client of Nexus and one of LiveKit chat and send each other data', async t => {
  const room = newRoom(), ada = await nexus(t, room, 'ada'), bob = await web(t, room, 'bob');
  await ada.until('bob', ({ participants }) => participants.length === 1);
  await bob.until('ada', ({ remote }) => remote.ada);

  await ada.does(member => member.room.sendData('from Nexus', { topic: 'greeting' }));
  assert.deepEqual(await got(bob, 'data', 1), [{ from: 'ada', topic: 'greeting', text: 'from Nexus' }]);
  await bob.does(member => member.room.localParticipant.publishData(new TextEncoder().encode('from LiveKit'), { reliable: true, topic: 'greeting' }));
  assert.deepEqual(await got(ada, 'data', 1), [['bob', 'from LiveKit', 'greeting', true]]);
  await until('a lossy message', async () => {
    await bob.does(member => member.room.localParticipant.publishData(new Uint8Array([65]), { reliable: false, destinationIdentities: ['ada'] }));
    return (await ada.tab.evaluate(() => globalThis.member.data)).some(([from, text, , reliable]) => from === 'bob' && text === 'A' && !reliable);
  });

  await ada.does(member => member.room.chat.send('grüße 🙂'));
  assert.deepEqual(await got(bob, 'chat', 1), [['ada', 'grüße 🙂']]);
  await bob.does(member => member.room.localParticipant.sendText('🙂'.repeat(7000), { topic: 'lk.chat' }));
  await bob.does(member => member.room.localParticipant.sendChatMessage('the older form'));
  assert.deepEqual(await got(ada, 'chat', 3), [['ada', 'grüße 🙂'], ['bob', '🙂'.repeat(7000)], ['bob', 'the older form']]);
});

test('two of LiveKit\'s web clients: data, RPC and a file', async t => {
  const room = newRoom(), ada = await web(t, room, 'ada'), bob = await web(t, room, 'bob');
  await ada.until('bob', ({ remote }) => remote.bob);
  await bob.until('ada', ({ remote }) => remote.ada);

  await ada.does(member => member.room.localParticipant.publishData(new TextEncoder().encode('hello'), { reliable: true }));
  assert.deepEqual((await got(bob, 'data', 1)).map(({ from, text }) => [from, text]), [['ada', 'hello']]);
  await bob.does(member => member.room.localParticipant.publishData(new TextEncoder().encode('hello back'), { reliable: true, destinationIdentities: ['ada'] }));
  assert.deepEqual((await got(ada, 'data', 1)).map(({ from, text }) => [from, text]), [['bob', 'hello back']]);

  await bob.does(member => member.room.registerRpcMethod('double', async ({ payload }) => String(2 * payload)));
  assert.equal(await ada.does(member => member.room.localParticipant.performRpc({ destinationIdentity: 'bob', method: 'double', payload: '21' })), '42');

  await bob.does(member => {
    member.files = [];
    member.room.registerByteStreamHandler('files', async reader => member.files.push((await reader.readAll()).reduce((sum, chunk) => sum + chunk.length, 0)));
  });
  await ada.does(member => member.room.localParticipant.sendFile(new File([new Uint8Array(1_000_000)], 'large.bin'), { topic: 'files' }));
  assert.deepEqual(await got(bob, 'files', 1), [1_000_000]);
});

test('what is as large as LiveKit\'s SDKs allow passes; data tracks are refused by name, and nothing else suffers', async t => {
  const room = newRoom(), ada = await web(t, room, 'ada'), bob = await web(t, room, 'bob');
  await ada.until('bob', ({ remote }) => remote.bob);
  await bob.until('ada', ({ remote }) => remote.ada);

  const refusal = await ada.does(member => member.room.localParticipant.publishDataTrack({ name: 'numbers' }).then(() => 'published', error => error.message));
  assert.match(refusal, /Data tracks are not served/);

  const most = 64_000 - 200; // with the envelope
  await ada.does((member, length) => member.room.localParticipant.publishData(new Uint8Array(length).fill(65), { reliable: true }), most);
  assert.deepEqual((await got(bob, 'data', 1)).map(({ text }) => text.length), [most]);
  await assert.rejects(ada.does(member => member.room.localParticipant.publishData(new Uint8Array(64_001), { reliable: true })), /64000|exceeds/);

  await bob.does(member => member.room.registerRpcMethod('echo', async ({ payload }) => payload));
  for (const length of [15_360, 200_000])
    assert.equal((await ada.does((member, length) => member.room.localParticipant.performRpc({ destinationIdentity: 'bob', method: 'echo', payload: 'x'.repeat(length) }), length)).length, length);
  await ada.does(member => member.room.localParticipant.sendText('x'.repeat(2_000_000), { topic: 'lk.chat' }));
  assert.equal((await got(bob, 'chat', 1))[0][1].length, 2_000_000);
});

test('an agent, a web client and a client of Nexus: everyone or those named, both kinds', async t => {
  const server = await stage.server, room = newRoom(), ada = await nexus(t, room, 'ada'), bob = await web(t, room, 'bob');
  const agent = await Agent.joins(server, room, 'agent');
  t.after(() => agent.leaves());
  await ada.until('both', ({ participants }) => participants.length === 2);
  await bob.until('both', ({ remote }) => remote.ada && remote.agent);
  await agent.until('both', () => agent.room.remoteParticipants.size === 2);

  await agent.room.localParticipant.publishData(Buffer.from('from the agent'), { reliable: true, topic: 'greeting' });
  assert.deepEqual(await got(ada, 'data', 1), [['agent', 'from the agent', 'greeting', true]]);
  assert.deepEqual(await got(bob, 'data', 1), [{ from: 'agent', topic: 'greeting', text: 'from the agent' }]);
  await ada.does(member => member.room.sendData('for the agent', { to: ['agent'] }));
  await agent.until('a message', () => agent.data.length === 1);
  assert.deepEqual([agent.data[0].from, agent.data[0].text], ['ada', 'for the agent']);
  await until('a lossy message', async () => {
    await agent.room.localParticipant.publishData(Buffer.from('quick'), { reliable: false });
    return (await ada.tab.evaluate(() => globalThis.member.data)).some(([from, text, , reliable]) => from === 'agent' && text === 'quick' && !reliable);
  });
  assert.equal((await got(bob, 'data', 1)).filter(({ text }) => text === 'for the agent').length, 0);
});
