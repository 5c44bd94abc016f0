// The meeting page: lobby → meeting → end, and back.
import { NexusClient } from '../sdk/nexus-sdk.js';
import { Lobby } from './lobby.js';
import { Meeting } from './meeting.js';
import { explain } from './messages.js';
import { tokenSource } from './token.js';

const el = id => document.getElementById(id);
const pages = ['lobby', 'meeting', 'ended'];
const lobby = new Lobby(enter);
let meeting;

/** Shows one of the pages. */
function show(page) {
  for (const id of pages) el(id).hidden = id !== page;
}

/** Joins with what the lobby says; the lobby shows the refusal, if there is one. */
async function enter({ room: name, name: person, pasted, camera, microphone }) {
  const client = new NexusClient({ url: new URL('.', location.href).href, token: tokenSource({ room: name, name: person, pasted }) });
  const room = await client.join(name);
  show('meeting');
  meeting = new Meeting(room, { camera, microphone }, why => end(why));
}

function end(why) {
  meeting = undefined;
  const { title, text, code } = explain(why);
  el('ended-title').textContent = title;
  el('ended-text').textContent = text;
  el('ended').dataset.code = code;
  show('ended');
  el('ended-title').focus();
}

el('again').addEventListener('click', async () => {
  start();
  await lobby.ready;
  lobby.submit();
});
el('home').addEventListener('click', () => {
  history.replaceState(null, '', location.pathname);
  start();
});
addEventListener('pagehide', () => meeting?.leave());

function start() {
  document.title = 'Nexus';
  show('lobby');
  lobby.start();
}

start();
