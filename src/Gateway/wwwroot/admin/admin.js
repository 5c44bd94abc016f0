// Nodes, rooms, and the people of the room that is open: one request tells all of it, and is made anew each 2 s. Searching, sorting
// and paging are the server's. Whatever comes from there is only ever text.
import { Invites } from './invites.js';

const period = 2000;
/** From the start of one reading to the next, whatever is clicked or typed in between. */
const leastBetween = 1000;
const pageSize = 50;
const byId = (id) => document.getElementById(id);
const path = (...segments) => 'api/v1/' + segments.map(encodeURIComponent).join('/');

let token = '';
let timer = 0;
let startedAt = -Infinity;
let isReading = false;
let isWanted = false;
/** Whether what is said to be wrong is wrong with reading: what an act was refused by stays until the next act. */
let isReadingFault = false;

/** What is asked for. Of both lists the cursors of the pages before, so that one can go back. */
const asked = { room: '', people: '', identity: '', roomPages: [''], peoplePages: [''] };

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

const invites = new Invites(call);

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

function button(label, key, press) {
  const element = make('button', '', label);
  element.type = 'button';
  element.dataset.key = key;
  element.addEventListener('click', press);
  return element;
}

/**
 * Says what an act will do, and to whom, before it is done.
 * @returns what was chosen: undefined when it is not to be done, else the seconds, where it lasts
 */
function consent(label, { text, lasts = false }) {
  const dialog = byId('ask');
  byId('ask-text').textContent = text;
  byId('ask-for').hidden = !lasts;
  byId('ask-go').textContent = label;
  dialog.showModal();
  return new Promise((resolve) => { // by what is done, not by the event close: that waits for a frame, which a tab in the background has none of
    dialog.querySelector('form').onsubmit = ({ submitter }) => resolve(submitter.value ? Number(byId('ask-seconds').value) : undefined);
    dialog.oncancel = () => resolve(undefined);
  });
}

/** A button that acts once it was asked; `url` is a function of the seconds where the act lasts. */
function act(label, method, url, { body, asks, grave = false }) {
  const element = button(label, `${method} ${typeof url === 'string' ? url : url('')} ${label}`, async () => {
    const seconds = await consent(label, asks);
    if (seconds === undefined) return;
    element.disabled = true;
    try {
      await call(method, typeof url === 'string' ? url : url(seconds), body);
      say(null);
      soon();
    } catch (error) {
      element.disabled = false;
      say(error);
    }
  });
  element.className = grave ? 'grave' : '';
  element.title = asks.text;
  return element;
}

const state = (isGood, text) => make('span', isGood ? 'ok' : 'not', text);
const count = (number, one, many = `${one}s`) => `${number.toLocaleString()} ${number === 1 ? one : many}`;

/** Nodes by region and number; their ids are where the mouse rests. */
const nodeNames = new Map();

function nameNodes(nodes) {
  const numbers = new Map();
  for (const { id, region } of nodes ?? []) {
    numbers.set(region, (numbers.get(region) ?? 0) + 1);
    nodeNames.set(id, `${region} ${numbers.get(region)}`);
  }
}

function nodeLabel(id) {
  const label = make('span', 'dim', nodeNames.get(id) ?? 'a node');
  label.title = id;
  return label;
}

function nodeCard(node) {
  const name = make('span', 'grow', nodeNames.get(node.id));
  name.title = node.id;
  return make('div', 'card row', name,
    state(node.state === 'ready', node.reason ? `${node.state} ${node.reason}` : node.state),
    make('span', 'dim', `load ${Math.round(node.load * 100)} % · ${count(node.sessions, 'session')} · ${count(node.tracks, 'track')}`),
    node.state === 'ready' ? act('Drain', 'POST', path('nodes', node.id, 'drain'), {
      grave: true, asks: { text: `Drain ${nodeNames.get(node.id)}? It takes nobody new, and its rooms go to other nodes: the ${count(node.sessions, 'session')} it has begin anew there, within a moment.` },
    }) : node.state === 'draining' ? act('Undo drain', 'DELETE', path('nodes', node.id, 'drain'), {
      asks: { text: `Let ${nodeNames.get(node.id)} take people again? What has gone to other nodes stays there.` },
    }) : null);
}

const sources = { camera: 'camera', microphone: 'microphone', screen: 'screen', screenAudio: 'sound of the screen', unknown: 'track' };
const nameOf = (person) => (person.name && person.name !== person.identity ? `${person.name} (${person.identity})` : person.identity);

function muteButton(room, person, track) {
  const what = `the ${sources[track.source] ?? track.source} of ${nameOf(person)} in ${room}`, muted = !track.mutedByServer;
  const text = muted
    ? `Mute ${what}? Nobody gets it any more; its owner is told, and cannot undo it.`
    : `Give ${what} back? It is as its owner left it: what was on is on again.`;
  return act(muted ? 'Mute' : 'Unmute', 'POST', path('rooms', room, 'tracks', track.sid, 'mute'), { body: { muted }, asks: { text } });
}

function trackRow(room, person, track) {
  const bits = [...track.layers ?? [], ...track.backup?.layers ?? []].filter((l) => l.active).reduce((sum, l) => sum + l.bitrate, 0);
  const what = sources[track.source] ?? track.source;
  return make('div', 'row item',
    make('span', 'grow', `sends ${what} · ${[track.codec, ...track.backup ? [track.backup.codec] : []].join(' and ')} · ${Math.round(bits / 1000)} kbit/s`),
    track.muted ? state(false, 'MUTED') : null,
    muteButton(room, person, track));
}

function receiveRow(finding) {
  return make('div', 'row item',
    make('span', 'grow', `receives ${sources[finding.source] ?? 'a track'} of ${finding.publisher}`),
    finding.state === 'flowing' ? state(true, 'flows') : state(false, finding.reason),
    finding.state === 'flowing' ? finding.note ? make('span', 'dim', finding.note) : null : make('span', 'dim', `${finding.explanation} ${finding.mend}`));
}

const warnings = { aboveEstimate: 'GETS MORE THAN ITS LINE CARRIES', notReceived: 'MUCH OF WHAT IS SENT DOES NOT ARRIVE' };

/** What is measured of the way to a client that plays something. */
function lineRow({ roundTripMs, down, receiver }) {
  const parts = [
    receiver.estimate === null ? null : `line ${Math.round(receiver.estimate / 1000)} kbit/s`,
    receiver.limitedBy === 'none' || receiver.limitedBy === 'applicationLimited' ? null : `limited by ${receiver.limitedBy}`,
    `gets ${Math.round(receiver.sent / 1000)} kbit/s`,
    receiver.queueDelayMs >= 1 ? `queue ${Math.round(receiver.queueDelayMs)} ms` : null,
    roundTripMs === null ? null : `round trip ${Math.round(roundTripMs)} ms`,
    down.loss > 0 ? `${(100 * down.loss).toFixed(1)} % lost` : null,
    receiver.paused > 0 ? `${count(receiver.paused, 'video')} paused` : null,
  ];
  return make('div', 'row item',
    make('span', 'grow dim', parts.filter((part) => part !== null).join(' · ')),
    receiver.warning ? state(false, warnings[receiver.warning] ?? receiver.warning) : null);
}

function personCard(room, person, findings) {
  const isChosen = person.identity === asked.identity;
  const url = path('rooms', room, 'participants', person.identity), who = `${nameOf(person)} from ${room}`;
  return make('div', 'person',
    make('div', 'row',
      make('strong', 'grow', nameOf(person)),
      state(person.state === 'active', person.reason ? `${person.state} ${person.reason}` : person.state),
      person.quality ? make('span', `quality ${person.quality}`, `${person.quality} connection`) : null,
      person.node ? nodeLabel(person.node) : null,
      button(isChosen ? 'Hide what is received' : 'What is received', `why ${person.identity}`, () => ask({ identity: isChosen ? '' : person.identity })),
      act('Remove', 'DELETE', url, { grave: true, asks: { text: `Remove ${who}? Who is removed is told, and can join again at once.` } }),
      act('Ban', 'DELETE', (seconds) => `${url}?ban=${seconds}`, {
        grave: true, asks: { lasts: true, text: `Remove ${who} and keep this identity out? Whoever joins with it meanwhile is refused.` },
      })),
    ...person.tracks.map((t) => trackRow(room, person, t)),
    ...(person.transports ?? []).filter((t) => t.receiver).map(lineRow),
    ...(isChosen ? (findings ?? []).filter((f) => f.subscriber === person.identity).map(receiveRow) : []),
    isChosen && !findings ? make('p', 'dim item', 'Too many are in this room to go through all of them here: ./nexus why says it.') : null);
}

/** Earlier and later pages, where there are any. */
function pager(what, pages, next, turn) {
  return make('div', 'row',
    pages.length > 1 ? button('Before', `${what} before`, () => turn(pages.slice(0, -1))) : null,
    pages.length > 1 || next !== null ? make('span', 'dim', `page ${pages.length}`) : null,
    next !== null ? button('More', `${what} more`, () => turn([...pages, next])) : null);
}

function searchOfPeople() {
  const input = make('input', '');
  Object.assign(input, { type: 'search', id: 'people', placeholder: 'Search people', value: asked.people, maxLength: 256, autocomplete: 'off' });
  input.dataset.key = 'people';
  input.setAttribute('aria-label', 'Search people');
  input.addEventListener('input', () => ask({ people: input.value, peoplePages: [''] }));
  return input;
}

function lockButton({ name, numParticipants, locked }) {
  const text = locked
    ? `Unlock ${name}? Everyone with a token for it can join again; those inside are told.`
    : `Lock ${name}? Nobody new comes in; the ${numParticipants} inside stay, and are told.`;
  return act(locked ? 'Unlock' : 'Lock', 'POST', path('rooms', name, 'lock'), { body: { locked: !locked }, asks: { text } });
}

function roomCard(room, open) {
  const isOpen = room.name === asked.room;
  const head = make('div', 'row',
    make('h3', 'grow', room.name),
    make('span', 'dim', `${room.numParticipants} in, ${room.numPublishers} publish`),
    ...room.nodes.map(nodeLabel),
    button(isOpen ? 'Fold' : 'Open', `open ${room.name}`, () => ask({ room: isOpen ? '' : room.name, people: '', identity: '', peoplePages: [''] })),
    room.locked ? state(false, 'LOCKED') : null,
    lockButton(room),
    button('Invite', `invite ${room.name}`, () => invites.open(room.name)),
    act('Close room', 'DELETE', path('rooms', room.name), {
      grave: true, asks: { text: `Close ${room.name}? The ${room.numParticipants} inside are put out and told; with tokens that are still good they can open it again.` },
    }));
  if (!isOpen) return make('div', 'card', head);
  if (open?.room.name !== room.name) return make('div', 'card', head, make('p', 'dim', open === null ? 'This token may not look into it, or it has just ended.' : '…'));
  return make('div', 'card', head, searchOfPeople(),
    ...open.participants.map((p) => personCard(room.name, p, open.findings)),
    open.participants.length ? null : make('p', 'dim', 'Nobody.'),
    open.unanswered.length ? make('p', 'not', `No answer from ${open.unanswered.map((id) => nodeNames.get(id) ?? id).join(', ')}: what only they know is missing.`) : null,
    pager('people', asked.peoplePages, open.next, (peoplePages) => ask({ peoplePages })));
}

/** Puts new content in place; focus, and what is being typed, stay where they are. */
function show(id, cards) {
  const active = document.activeElement, key = active?.dataset?.key;
  const at = key && active.selectionStart !== undefined && active.selectionStart !== null ? [active.selectionStart, active.selectionEnd] : null;
  byId(id).replaceChildren(...(cards.length ? cards : [make('p', 'dim', 'None.')]));
  const again = key && [...byId(id).querySelectorAll('button, input')].find((e) => e.dataset.key === key);
  if (!again) return;
  again.focus();
  if (at) again.setSelectionRange(...at);
}

function paint({ nodes, rooms, open, tenant }) {
  nameNodes(nodes);
  byId('nodes-section').hidden = nodes === null;
  show('nodes', (nodes ?? []).map(nodeCard));
  byId('count').textContent = `of ${tenant}: ${rooms.matching === rooms.total ? '' : `${rooms.matching.toLocaleString()} of `}${rooms.total.toLocaleString()}, with ${count(rooms.participants, 'person', 'people')}`;
  const isListed = rooms.rooms.some(({ name }) => name === asked.room);
  show('rooms', [...(open && !isListed ? [open.room] : []), ...rooms.rooms].map((room) => roomCard(room, open)));
  byId('pages').replaceChildren(pager('rooms', asked.roomPages, rooms.next, (roomPages) => ask({ roomPages })));
  byId('updated').textContent = new Date().toLocaleTimeString();
}

function question() {
  const [sort, order] = byId('sort').value.split(' ');
  return new URLSearchParams({
    search: byId('search').value, sort, order, limit: pageSize, after: asked.roomPages.at(-1),
    room: asked.room, people: asked.people, peopleAfter: asked.peoplePages.at(-1), identity: asked.identity,
  });
}

/** Reads and shows everything. One at a time. */
async function read() {
  clearTimeout(timer);
  isReading = true;
  isWanted = false;
  startedAt = performance.now();
  try {
    const seen = await call('GET', `${path('overview')}?${question()}`);
    if (!isWanted) paint(seen); // else it answers what nobody asks any more
    if (isReadingFault) say(null);
    isReadingFault = false;
  } catch (error) {
    say(error);
    isReadingFault = true;
  } finally {
    isReading = false;
    schedule();
  }
}

/** As soon as may be, instead of at the end of the period. */
function soon() {
  isWanted = true;
  if (!isReading) schedule();
}

function schedule() {
  clearTimeout(timer);
  if (document.hidden || !token) return; // nobody looks
  timer = setTimeout(read, Math.max(0, startedAt + (isWanted ? leastBetween : period) - performance.now()));
}

function ask(change) {
  Object.assign(asked, change);
  soon();
}

byId('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  token = byId('token').value.trim();
  soon();
});
byId('find').addEventListener('submit', (event) => event.preventDefault());
for (const id of ['search', 'sort']) byId(id).addEventListener('input', () => ask({ roomPages: [''] }));
document.addEventListener('visibilitychange', soon);
