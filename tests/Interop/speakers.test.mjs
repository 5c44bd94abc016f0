// Who speaks and how people are connected, as the media node knows it: through the SDK, and of WHIP publishers too.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { Agent, dispose } from './rig/agent.mjs';
import { Member } from './rig/sdk.mjs';
import { Stage, newRoom } from './rig/stage.mjs';

const stage = Stage.ofFile();
after(() => dispose());
const nothing = { camera: false, microphone: false };
const named = ({ speakers }) => speakers.map(({ identity }) => identity).join(' ');

/** Publishes a voice that speaks when the test says so: a tone of some loudness. */
const withVoice = member => member.does(async member => {
  const context = new AudioContext(), tone = new OscillatorNode(context), out = new MediaStreamAudioDestinationNode(context);
  const volume = new GainNode(context, { gain: 0 });
  tone.connect(volume).connect(out);
  tone.start();
  member.speak = loudness => void (volume.gain.value = loudness);
  await member.publish('microphone', member.sdk.LocalTrack.of(out.stream.getAudioTracks()[0], { source: 'microphone' }));
});
const speaks = (member, loudness) => member.does((member, loudness) => member.speak(loudness), loudness);

test('who speaks is told to everyone by the server, the dominant speaker first, and a mute ends it at once', async t => {
  const [server, ...tabs] = await stage.set(t, 3), room = newRoom();
  const [ada, bob, cleo] = await Promise.all(['ada', 'bob', 'cleo'].map((identity, i) => Member.joins(tabs[i], server, room, identity, nothing)));
  await Promise.all([ada, bob].map(withVoice));
  await cleo.until('both microphones', ({ events }) => ['ada', 'bob'].every(who => events.includes(`published ${who} microphone`)));

  await speaks(ada, 0.2);
  for (const member of [ada, bob, cleo]) await member.until('ada to be told of', view => named(view) === 'ada');
  // the level rises with the first words: it is smoothed
  const { participants } = await cleo.until('the level of her voice', ({ speakers: [first] }) => first?.level > 0.05 && first.level <= 0.3);
  assert.deepEqual(participants.map(({ identity, isSpeaking }) => [identity, isSpeaking]).sort(), [['ada', true], ['bob', false]]);

  await speaks(bob, 0.05);
  await cleo.until('both, who spoke first stays first', view => named(view) === 'ada bob');
  await speaks(ada, 0);
  await cleo.until('bob alone', view => named(view) === 'bob');
  await speaks(ada, 0.2);
  await cleo.until('bob, who has taken over, first', view => named(view) === 'bob ada');
  await bob.does(member => member.tracks.microphone.mute());
  await cleo.until('bob muted and silent', view => named(view) === 'ada');
  await speaks(ada, 0);
  for (const member of [ada, bob, cleo]) await member.until('silence', view => named(view) === '');
});

test('who joins while somebody speaks is told', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  const ada = await Member.joins(tabs[0], server, room, 'ada', nothing);
  await withVoice(ada);
  await speaks(ada, 0.2);
  await ada.until('to be heard', view => named(view) === 'ada');
  const bob = await Member.joins(tabs[1], server, room, 'bob', nothing);
  await bob.until('ada to be told of', view => named(view) === 'ada');
});

test('a WHIP publisher, which reports nothing, has a label of its connection', async t => {
  const [server, ...tabs] = await stage.set(t, 2), room = newRoom();
  await tabs[0].whip(server, room, 'camera');
  const ada = await Member.joins(tabs[1], server, room, 'ada', nothing);
  await ada.until('a label', view => ['good', 'fair', 'poor'].includes(view.participants.find(({ identity }) => identity === 'camera')?.quality));
});

test('a LiveKit client and one of the SDK are told of each other, and of the end of speech', async t => {
  const [server, tab] = await stage.set(t, 1), room = newRoom();
  const ada = await Member.joins(tab, server, room, 'ada', nothing);
  const agent = await Agent.joins(server, room, 'agent');
  t.after(() => agent.leaves());
  await withVoice(ada);
  await speaks(ada, 0.2);
  await agent.notes('speakers ada');
  await speaks(ada, 0);
  await agent.notes('speakers ', { since: agent.events.indexOf('speakers ada') });
  await agent.speaks();
  await ada.until('the agent to be told of', view => named(view) === 'agent');
  await agent.notes('speakers agent');
  await agent.notes(/^quality (ada|agent) /);
});
