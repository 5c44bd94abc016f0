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

/**
 * Says what an act will do, and to whom, before it is done.
 * @returns what was chosen: undefined when it is not to be done, else the seconds, where it lasts
 */
function ask(label, { text, lasts = false }) {
  const dialog = byId('ask');
  byId('ask-text').textContent = text;
  byId('ask-for').hidden = !lasts;
  byId('ask-go').textContent = label;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue ? Number(byId('ask-seconds').value) : undefined), { once: true });
  });
}

/** A button that acts once it was asked; `url` is a function of the seconds where the act lasts. */
function act(label, method, url, { body, asks, grave = false }) {
  const button = make('button', grave ? 'grave' : '', label);
  button.type = 'button';
  button.dataset.key = `${method} ${typeof url === 'string' ? url : url('')} ${label}`;
  button.addEventListener('click', async () => {
    const seconds = await ask(label, asks);
    if (seconds === undefined) return;
    button.disabled = true;
    try {
      await call(method, typeof url === 'string' ? url : url(seconds), body);
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
    node.state === 'ready' ? act('Drain', 'POST', path('nodes', node.id, 'drain'), {
      grave: true, asks: { text: `Drain ${node.id}? It takes no new sessions; the ${node.sessions} that are on it stay until they end.` },
    }) : null);
}

const nameOf = (person) => (person.name && person.name !== person.identity ? `${person.name} (${person.identity})` : person.identity);

function muteButton(room, person, track) {
  const what = `the ${track.source} of ${nameOf(person)} in ${room}`, muted = !track.mutedByServer;
  const text = muted
    ? `Mute ${what}? Nobody gets it any more; its owner is told, and cannot undo it.`
    : `Give ${what} back? It is as its owner left it: what was on is on again.`;
  return act(muted ? 'Mute' : 'Unmute', 'POST', path('rooms', room, 'tracks', track.sid, 'mute'), { body: { muted }, asks: { text } });
}

function trackRow(room, person, track) {
  const bits = (track.layers ?? []).filter((l) => l.active).reduce((sum, l) => sum + l.bitrate, 0);
  return make('div', 'row item',
    make('span', 'grow', `sends ${track.source} · ${track.codec} · ${Math.round(bits / 1000)} kbit/s · ${track.sid}`),
    track.muted ? state(false, 'MUTED') : null,
    muteButton(room, person, track));
}

function receiveRow(finding) {
  return make('div', 'row item',
    make('span', 'grow', `receives ${finding.track} of ${finding.publisher}`),
    finding.state === 'flowing' ? state(true, 'flows') : state(false, finding.reason),
    finding.state === 'flowing' ? null : make('span', 'dim', `${finding.explanation} ${finding.mend}`));
}

function personCard(room, person, findings) {
  const url = path('rooms', room, 'participants', person.identity), who = `${nameOf(person)} from ${room}`;
  return make('div', 'person',
    make('div', 'row',
      make('strong', 'grow', nameOf(person)),
      state(person.state === 'active', person.reason ? `${person.state} ${person.reason}` : person.state),
      person.quality ? make('span', `quality ${person.quality}`, `${person.quality} connection`) : null,
      make('span', 'dim', person.node ?? 'no node'),
      act('Remove', 'DELETE', url, { grave: true, asks: { text: `Remove ${who}? Who is removed is told, and can join again at once.` } }),
      act('Ban', 'DELETE', (seconds) => `${url}?ban=${seconds}`, {
        grave: true, asks: { lasts: true, text: `Remove ${who} and keep this identity out? Whoever joins with it meanwhile is refused.` },
      })),
    ...person.tracks.map((t) => trackRow(room, person, t)),
    ...findings.filter((f) => f.subscriber === person.identity).map(receiveRow));
}

function lockButton({ name, numParticipants, locked }) {
  const text = locked
    ? `Unlock ${name}? Everyone with a token for it can join again; those inside are told.`
    : `Lock ${name}? Nobody new comes in; the ${numParticipants} inside stay, and are told.`;
  return act(locked ? 'Unlock' : 'Lock', 'POST', path('rooms', name, 'lock'), { body: { locked: !locked }, asks: { text } });
}

async function roomCard(room) {
  const head = make('div', 'row',
    make('h3', 'grow', room.name),
    make('span', 'dim', `${room.numParticipants} in, ${room.numPublishers} publish · ${room.nodes.join(', ')}`),
    room.locked ? state(false, 'LOCKED') : null,
    lockButton(room),
    act('Close room', 'DELETE', path('rooms', room.name), {
      grave: true, asks: { text: `Close ${room.name}? The ${room.numParticipants} inside are put out and told; with tokens that are still good they can open it again.` },
    }));
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
