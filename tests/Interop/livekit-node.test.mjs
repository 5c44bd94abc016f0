// LiveKit's SDK for Node, unmodified: agents join a Nexus room by its URL.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { Agent, dispose } from './rig/agent.mjs';
import { Proxy } from './rig/proxy.mjs';
import { Process, adminToken, token } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';

const stage = Stage.ofFile({ flags: ['--remote-unmute'] });
after(() => dispose());

async function admin(server, method, path, body) {
  const { status, text } = await server.request(`/api/v1${path}`, {
    method, headers: { authorization: `Bearer ${adminToken()}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }),
  });
  assert.ok(status < 300, text);
}

/** Agents in a room of their own, who leave at the end. */
async function room(t, ...identities) {
  const server = await stage.server, name = newRoom(), agents = [];
  for (const identity of identities) {
    const agent = await Agent.joins(server, name, identity);
    t.after(() => agent.leaves());
    agents.push(agent);
  }
  return [server, name, ...agents];
}

test('two agents hear each other, and each learns who is there', async t => {
  const [, , ada, bob] = await room(t, 'ada', 'bob');
  const [voice] = await Promise.all([ada.speaks(), bob.speaks(660)]);
  assert.match(voice.sid, /^TR_/);
  await Promise.all([ada.hears('bob', 100), bob.hears('ada', 100)]);
  assert.match(ada.sid, /^PA_/);
  assert.ok(ada.events.includes('joined bob'), ada.events.join());
  await ada.notes('heard by others voice');
});

test('three agents: who comes late hears those before, and a picture is seen', async t => {
  const [server, name, ada, bob] = await room(t, 'ada', 'bob');
  await Promise.all([ada.speaks(), bob.speaks(660), ada.shows()]);
  await Promise.all([bob.hears('ada'), bob.sees('ada')]);
  const cleo = await Agent.joins(server, name, 'cleo');
  t.after(() => cleo.leaves());
  await cleo.speaks(880);
  await Promise.all([cleo.hears('ada'), cleo.hears('bob'), cleo.sees('ada'), ada.hears('cleo'), bob.hears('cleo')]);
});

test('a mute by the server is told to all, and sound comes back when it is undone', async t => {
  const [server, name, ada, bob] = await room(t, 'ada', 'bob');
  const { sid } = await ada.speaks();
  await bob.hears('ada');
  await admin(server, 'POST', `/rooms/${name}/tracks/${sid}/mute`, { muted: true });
  await Promise.all([ada.notes('muted ada voice'), bob.notes('muted ada voice')]);
  await admin(server, 'POST', `/rooms/${name}/tracks/${sid}/mute`, { muted: false });
  await bob.notes('unmuted ada voice');
  await bob.hears('ada');
});

test('who unpublishes is not heard any more, and may publish again', async t => {
  const [, , ada, bob] = await room(t, 'ada', 'bob');
  const { sid } = await ada.speaks();
  await bob.hears('ada');
  await ada.room.localParticipant.unpublishTrack(sid);
  await bob.notes('unpublished ada voice');
  await ada.speaks(550);
  await bob.hears('ada');
});

test('name, metadata and attributes reach the others', async t => {
  const server = await stage.server, name = newRoom();
  const ada = await Agent.joins(server, name, 'ada', { grants: { canUpdateOwnMetadata: true } }), bob = await Agent.joins(server, name, 'bob');
  t.after(() => Promise.all([ada.leaves(), bob.leaves()]));
  await ada.room.localParticipant.updateMetadata('m');
  await ada.room.localParticipant.updateName('Ada');
  await ada.room.localParticipant.setAttributes({ a: '1', b: '2' });
  await bob.until('all of it', () => {
    const p = bob.peer('ada');
    return p && p.metadata === 'm' && p.name === 'Ada' && p.attributes.a === '1' && p.attributes.b === '2';
  });
  const cleared = [];
  for (const event of ['participantMetadataChanged', 'participantNameChanged', 'participantAttributesChanged']) bob.room.on(event, () => cleared.push(event));
  const gone = new Promise(resolve => bob.room.once('participantDisconnected', p => resolve([p.name, p.metadata, { ...p.attributes }])));
  await ada.leaves();
  assert.deepEqual(await gone, ['Ada', 'm', { a: '1', b: '2' }], 'who leaves is known as it was');
  assert.deepEqual(cleared, []);
});

test('data reaches everyone, or those it is for', async t => {
  const [, , ada, bob, cleo] = await room(t, 'ada', 'bob', 'cleo');
  const say = (text, options) => ada.room.localParticipant.publishData(Buffer.from(text), options);
  await say('to all', { reliable: true, topic: 'a' });
  await say('lossy', { reliable: false });
  await say('to cleo', { reliable: true, destination_identities: ['cleo'] });
  await cleo.until('three messages', () => cleo.data.length === 3);
  await bob.until('two messages', () => bob.data.length === 2);
  assert.deepEqual(bob.data.map(d => [d.from, d.text]).sort(), [['ada', 'lossy'], ['ada', 'to all']]);
});

test('a text stream and a remote call work between agents', async t => {
  const [, , ada, bob] = await room(t, 'ada', 'bob');
  const texts = [];
  bob.room.registerTextStreamHandler('chat', async reader => texts.push(await reader.readAll()));
  bob.room.localParticipant.registerRpcMethod('greet', async ({ callerIdentity, payload }) => `${callerIdentity} said ${payload}`);
  await ada.until('bob', () => ada.peer('bob'));
  await ada.room.localParticipant.sendText('hello '.repeat(10_000), { topic: 'chat' });
  await bob.until('the text', () => texts.length === 1);
  assert.equal(texts[0].length, 60_000);
  assert.equal(await ada.room.localParticipant.performRpc({ destinationIdentity: 'bob', method: 'greet', payload: 'hi' }), 'ada said hi');
});

test('who is removed is told why, and the others see him go', async t => {
  const [server, name, ada, bob] = await room(t, 'ada', 'bob');
  await bob.until('ada', () => bob.peer('ada'));
  await admin(server, 'DELETE', `/rooms/${name}/participants/ada`);
  await ada.notes('disconnected PARTICIPANT_REMOVED');
  await bob.notes('left ada');
});

test('the same identity again takes the place of the first', async t => {
  const [server, name, ada, bob] = await room(t, 'ada', 'bob');
  const again = await Agent.joins(server, name, 'ada');
  t.after(() => again.leaves());
  await ada.notes('disconnected DUPLICATE_IDENTITY');
  await again.speaks();
  await bob.hears('ada');
});

test('a cut connection is resumed, the voice never stops', async t => {
  const server = await stage.server, name = newRoom(), proxy = await Proxy.start(server.url);
  const ada = await Agent.joins(server, name, 'ada', { via: proxy.url }), bob = await Agent.joins(server, name, 'bob');
  t.after(() => Promise.all([ada.leaves(), bob.leaves(), proxy.close()]));
  await Promise.all([ada.speaks(), bob.speaks(660)]);
  await Promise.all([ada.hears('bob'), bob.hears('ada')]);
  const { sid } = ada;
  await proxy.cut();
  await proxy.mend();
  await ada.notes('reconnected');
  assert.equal(ada.sid, sid);
  assert.ok(!bob.events.some(e => e.startsWith('left')), bob.events.join());
  await Promise.all([ada.hears('bob'), bob.hears('ada')]);
});

test('the sample agent answers', async t => {
  const server = await stage.server, name = newRoom();
  const sample = readFileSync(new URL('../../samples/livekit-node/agent.mjs', import.meta.url), 'utf8');
  assert.ok(sample.trim().split('\n').length <= 10, sample);
  const folder = mkdtempSync(new URL('.sample-', import.meta.url).pathname), file = join(folder, 'agent.mjs'); // beside node_modules, where it finds the SDK
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(file, sample);
  const agent = new Process(process.execPath, [file, server.url.replace('http', 'ws'), token({ room: name, identity: 'agent' })]);
  t.after(() => agent.stop('SIGKILL'));
  await agent.says(/joined .* as agent/, 20);
  const ada = await Agent.joins(server, name, 'ada'), texts = [];
  t.after(() => ada.leaves());
  ada.room.registerTextStreamHandler('chat', async reader => texts.push(await reader.readAll()));
  await ada.room.localParticipant.sendText('hello', { topic: 'chat' });
  await ada.until('the answer', () => texts.includes('ada said hello'));
});

test('a token that is not good is refused at once', async () => {
  const server = await stage.server;
  await assert.rejects(Agent.joins(server, newRoom(), 'ada', { bearer: token({ identity: 'ada', room: 'r', secret: 'wrong' }) }), /401/);
});
