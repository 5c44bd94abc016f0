// One room, every kind of client: LiveKit's SDKs, the web SDK of Nexus, WHIP and WHEP; and LiveKit's older form of signalling.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { Agent, dispose } from './rig/agent.mjs';
import { WebMember } from './rig/livekit.mjs';
import { Member } from './rig/sdk.mjs';
import { Stage, newRoom } from './rig/stage.mjs';

const stage = Stage.ofFile();
after(() => dispose());

test('LiveKit for the web and for Node, the SDK of Nexus, WHIP and WHEP see and hear each other', async t => {
  const [server, tab, publisher, player] = await stage.set(t, 3), room = newRoom();
  const nina = await Member.joins(tab, server, room, 'nina');
  const liv = await WebMember.joins(t, stage, room, 'liv');
  const agent = await Agent.joins(server, room, 'agent');
  t.after(() => agent.leaves());
  await agent.speaks();
  await Promise.all([nina.sees('liv'), nina.hears('liv'), liv.sees('nina'), liv.hears('nina'), nina.hears('agent'), liv.hears('agent'), agent.hears('nina'), agent.sees('liv')]);
  await publisher.whip(server, room, 'whip');
  await Promise.all([nina.sees('whip'), liv.sees('whip'), agent.sees('whip')]);
  const call = await player.whep(server, room, 'whep', { query: '?identity=liv' });
  await call.decodes(15);
});

test('two peer connections: LiveKit clients of the older signalling see and hear each other and those of the newer', async t => {
  const room = newRoom(), older = { options: { singlePeerConnection: false } };
  const ada = await WebMember.joins(t, stage, room, 'ada', older);
  const bob = await WebMember.joins(t, stage, room, 'bob');
  const cleo = await WebMember.joins(t, stage, room, 'cleo', older);
  await Promise.all([ada.sees('bob'), ada.hears('bob'), bob.sees('ada'), bob.hears('ada'), ada.sees('cleo'), cleo.sees('ada'), cleo.hears('bob')]);
  await bob.does(member => member.room.localParticipant.publishData(new TextEncoder().encode('hello'), { reliable: true }));
  await Promise.all([ada, cleo].map(member => member.until('the message', ({ data }) => data.some(({ text }) => text === 'hello'))));
  await ada.does(member => { member.room.simulateScenario('signal-reconnect'); });
  await ada.notes('reconnected', { seconds: 30 });
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  assert.ok(!(await bob.view()).events.includes('left ada'));
});
