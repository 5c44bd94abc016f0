// Who is in the room, from pages and deltas (docs/protocol.md, "The room"). Pure: state and message in, next state out.
import type { Delta, ParticipantInfo, RoomInfo, RosterPage } from './protocol.js';

/** Deltas kept back while pages are read; with more than that the pages are read anew. */
const maxHeld = 2000;

export interface Roster {
  readonly epoch: number;
  /** The `to` of the last delta that was applied. */
  readonly seq: number;
  readonly room: RoomInfo | undefined;
  /** By sid, in order of arrival. A participant who has not changed stays the same object. */
  readonly participants: ReadonlyMap<string, ParticipantInfo>;
  /** Set while a snapshot is being read; what was known before stays until its last page is in. */
  readonly reading: Reading | undefined;
}

interface Reading {
  readonly pages: readonly RosterPage[];
  readonly held: readonly Delta[];
}

export interface Step {
  readonly roster: Roster;
  /** The page to ask for now; without a cursor the first one. */
  readonly ask?: { readonly cursor?: string };
  /** Why those left who did in this step, by sid. */
  readonly left?: ReadonlyMap<string, string>;
}

export const emptyRoster: Roster = { epoch: 0, seq: 0, room: undefined, participants: new Map(), reading: undefined };

/** Reads the room anew from the first page. */
export function startReading(roster: Roster, held: readonly Delta[] = []): Step {
  return { roster: { ...roster, reading: { pages: [], held } }, ask: {} };
}

/** Takes a page: a first one (of `joined`, `resumed`, `snapshot`), or the next of those being read. */
export function applyPage(roster: Roster, page: RosterPage): Step {
  const { pages, held } = roster.reading ?? { pages: [], held: [] };
  if (pages[0] && pages[0].epoch !== page.epoch) return startReading(roster, held);
  const reading: Reading = { pages: [...pages, page], held };
  return page.cursor ? { roster: { ...roster, reading }, ask: { cursor: page.cursor } } : finish(roster, reading);
}

/** Takes a delta; a gap before it leads to a snapshot. */
export function applyDelta(roster: Roster, delta: Delta): Step {
  if (roster.reading) return hold(roster, roster.reading, delta);
  if (delta.epoch === roster.epoch && delta.to <= roster.seq) return { roster };
  if (delta.epoch !== roster.epoch || delta.from > roster.seq) return startReading(roster, [delta]);

  const participants = new Map(roster.participants);
  for (const participant of delta.participants ?? []) participants.set(participant.sid, participant);
  const left = new Map<string, string>();
  for (const { sid, reason } of delta.left ?? []) {
    if (participants.delete(sid)) left.set(sid, reason);
  }
  return { roster: { ...roster, seq: delta.to, room: delta.room ?? roster.room, participants }, left };
}

function hold(roster: Roster, { pages, held }: Reading, delta: Delta): Step {
  const anew = held.length >= maxHeld || (pages[0] && pages[0].epoch !== delta.epoch);
  return anew ? startReading(roster, [delta]) : { roster: { ...roster, reading: { pages, held: [...held, delta] } } };
}

/** All pages are in: the state is what they say, and then what the deltas said meanwhile. */
function finish(roster: Roster, { pages, held }: Reading): Step {
  const first = pages[0]!;
  const read: Roster = {
    epoch: first.epoch,
    seq: first.to,
    room: pages.findLast(page => page.room)?.room ?? roster.room,
    participants: new Map(pages.flatMap(page => page.participants).map(p => [p.sid, sameIfUnchanged(roster.participants.get(p.sid), p)])),
    reading: undefined,
  };
  return held.filter(delta => delta.epoch === first.epoch).reduce<Step>(
    (step, delta) => {
      const next = applyDelta(step.roster, delta);
      return { ...step, ...next, left: new Map([...(step.left ?? []), ...(next.left ?? [])]) };
    },
    { roster: read },
  );
}

const sameIfUnchanged = (known: ParticipantInfo | undefined, now: ParticipantInfo) =>
  known && JSON.stringify(known) === JSON.stringify(now) ? known : now;

/** What became of each participant between two states. */
export interface RosterChanges {
  readonly joined: readonly ParticipantInfo[];
  readonly changed: readonly ParticipantInfo[];
  readonly left: readonly ParticipantInfo[];
}

export function changesBetween(before: Roster, after: Roster): RosterChanges {
  if (before.participants === after.participants) return { joined: [], changed: [], left: [] };
  const now = [...after.participants.values()];
  return {
    joined: now.filter(p => !before.participants.has(p.sid)),
    changed: now.filter(p => before.participants.has(p.sid) && before.participants.get(p.sid) !== p),
    left: [...before.participants.values()].filter(p => !after.participants.has(p.sid)),
  };
}
