// Rooms, participants, tracks and nodes, read anew each 2 s from the admin API. Whatever comes from there is only ever text.
const period = 2000;
const byId = (id) => document.getElementById(id);
const path = (...segments) => 'api/v1/' + segments.map(encodeURIComponent).join('/');

let token = '';
let timer = 0;
let round = 0;

class Refusal extends Error {
  constructor(code, message) { super(message); this.code = code; }
}

async function call(method, url, body) {
  let response;
  try {
    response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Refusal('CONNECT_FAILED', 'The server cannot be reached.');
  }
  const text = await response.text();
  let json = null;
  try { json = text ? JSON.parse(text) : null; } catch { /* the status says enough */ }
  if (!response.ok) throw new Refusal(json?.code ?? `HTTP_${response.status}`, json?.message ?? 'The server refused.');
  return json;
}

/** A whole list: the server tells long ones in parts. */
async function list(name, url) {
  const all = [];
  let next = null;
  do {
    const part = await call('GET', next === null ? url : `${url}?after=${encodeURIComponent(next)}`);
    all.push(...part[name]);
    ({ next } = part);
  } while (next !== null);
  return all;
}

function say(error) {
  byId('error').hidden = !error;
  byId('error').textContent = error ? `${error.code ?? 'FAULT'}: ${error.message}` : '';
}

/** An element with a class and children; strings become text nodes, never markup. */
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children.filter((c) => c !== null));
  return element;
}

function act(label, method, url, { body, confirm: question } = {}) {
  const button = make('button', question ? 'grave' : '', label);
  button.type = 'button';
  button.dataset.key = `${method} ${url} ${label}`;
  button.addEventListener('click', async () => {
    if (question && !confirm(question)) return;
    button.disabled = true;
    try {
      await call(method, url, body);
      await refresh();
    } catch (error) {
      button.disabled = false;
      say(error);
    }
  });
  return button;
}

const state = (isGood, text) => make('span', isGood ? 'ok' : 'not', text);

function nodeCard(node) {
  return make('div', 'card row',
    make('span', 'grow', `${node.id} · ${node.region}`),
    state(node.state === 'ready', node.reason ? `${node.state} ${node.reason}` : node.state),
    make('span', 'dim', `load ${Math.round(node.load * 100)} % · ${node.sessions} sessions · ${node.tracks} tracks`),
    node.state === 'ready' ? act('Drain', 'POST', path('nodes', node.id, 'drain'), { confirm: `Drain ${node.id}?` }) : null);
}

function trackRow(room, track) {
  const bits = (track.layers ?? []).filter((l) => l.active).reduce((sum, l) => sum + l.bitrate, 0);
  return make('div', 'row item',
    make('span', 'grow', `sends ${track.source} · ${track.codec} · ${Math.round(bits / 1000)} kbit/s · ${track.sid}`),
    track.muted ? state(false, 'MUTED') : null,
    act(track.muted ? 'Unmute' : 'Mute', 'POST', path('rooms', room, 'tracks', track.sid, 'mute'), { body: { muted: !track.muted } }));
}

function receiveRow(finding) {
  return make('div', 'row item',
    make('span', 'grow', `receives ${finding.track} of ${finding.publisher}`),
    finding.state === 'flowing' ? state(true, 'flows') : state(false, finding.reason),
    finding.state === 'flowing' ? null : make('span', 'dim', `${finding.explanation} ${finding.mend}`));
}

function personCard(room, person, findings) {
  return make('div', 'person',
    make('div', 'row',
      make('strong', 'grow', person.name && person.name !== person.identity ? `${person.name} (${person.identity})` : person.identity),
      state(person.state === 'active', person.reason ? `${person.state} ${person.reason}` : person.state),
      person.quality ? make('span', `quality ${person.quality}`, `${person.quality} connection`) : null,
      make('span', 'dim', person.node ?? 'no node'),
      act('Remove', 'DELETE', path('rooms', room, 'participants', person.identity), { confirm: `Remove ${person.identity}?` })),
    ...person.tracks.map((t) => trackRow(room, t)),
    ...findings.filter((f) => f.subscriber === person.identity).map(receiveRow));
}

async function roomCard(room) {
  const head = make('div', 'row',
    make('h3', 'grow', room.name),
    make('span', 'dim', `${room.numParticipants} in, ${room.numPublishers} publish · ${room.nodes.join(', ')}`),
    act('Close room', 'DELETE', path('rooms', room.name), { confirm: `Close ${room.name} for everyone?` }));
  try {
    const [participants, { findings }] = await Promise.all([
      list('participants', path('rooms', room.name, 'participants')), call('GET', path('rooms', room.name, 'why'))]);
    return make('div', 'card', head, ...participants.map((p) => personCard(room.name, p, findings)));
  } catch (error) {
    if (error.code === 'ROOM_NOT_FOUND') return null; // it ended meanwhile
    return make('div', 'card', head, make('p', 'dim', `${error.code}: ${error.message}`));
  }
}

/** Puts new content in place and keeps the keyboard's focus on the same button. */
function show(id, cards) {
  const key = document.activeElement?.dataset?.key;
  byId(id).replaceChildren(...(cards.length ? cards : [make('p', 'dim', 'None.')]));
  if (key) [...byId(id).querySelectorAll('button')].find((b) => b.dataset.key === key)?.focus();
}

async function refresh() {
  clearTimeout(timer);
  const mine = ++round;
  try {
    const [{ nodes }, rooms] = await Promise.all([call('GET', path('nodes')), list('rooms', path('rooms'))]);
    const cards = [];
    for (const room of rooms) cards.push(await roomCard(room));
    if (mine !== round) return; // a newer reading is under way
    show('nodes', nodes.map(nodeCard));
    show('rooms', cards.filter(Boolean));
    byId('updated').textContent = new Date().toLocaleTimeString();
    say(null);
  } catch (error) {
    if (mine === round) say(error);
  } finally {
    if (mine === round) timer = setTimeout(refresh, period);
  }
}

byId('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  token = byId('token').value.trim();
  refresh();
});
