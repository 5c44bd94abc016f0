import assert from 'node:assert/strict';
import test from 'node:test';
import type { Delta, RosterPage } from '../src/protocol.js';
import { applyDelta, applyPage, changesBetween, emptyRoster, startReading, type Roster } from '../src/roster.js';
import { participant } from './fake-server.js';

const page = (to: number, names: string[], more: Partial<RosterPage> = {}): RosterPage => ({ epoch: 1, to, participants: names.map(name => participant(name)), ...more });
const delta = (from: number, to: number, more: Partial<Delta> = {}): Delta => ({ type: 'delta', epoch: 1, from, to, ...more });
const came = (...names: string[]) => ({ participants: names.map(name => participant(name)) });
const went = (name: string) => ({ left: [{ sid: `PA_${name}`, identity: name, reason: 'CLIENT_LEFT' }] });
const names = (roster: Roster) => [...roster.participants.values()].map(p => p.identity).join(' ');
const start = applyPage(emptyRoster, page(10, ['ada', 'bob'])).roster;

test('a page is the room', () => {
  assert.equal(names(start), 'ada bob');
  assert.deepEqual([start.epoch, start.seq, start.reading], [1, 10, undefined]);
});

test('a delta that follows replaces and removes', () => {
  const { roster, left, ask } = applyDelta(start, delta(10, 12, { participants: [participant('ada', { name: 'Ada L.' }), participant('cleo')], ...went('bob') }));
  assert.equal(names(roster), 'ada cleo');
  assert.equal(roster.participants.get('PA_ada')!.name, 'Ada L.');
  assert.equal(left!.get('PA_bob'), 'CLIENT_LEFT');
  assert.deepEqual([roster.seq, ask], [12, undefined]);
});

for (const [what, given, seq] of [
  ['an old delta changes nothing', delta(8, 10, went('ada')), 10],
  ['the same delta twice changes nothing', delta(9, 10, went('ada')), 10],
] as const) {
  test(what, () => {
    const { roster, ask } = applyDelta(start, given);
    assert.deepEqual([names(roster), roster.seq, ask], ['ada bob', seq, undefined]);
  });
}

test('a delta that overlaps what is known is applied', () => {
  const { roster } = applyDelta(start, delta(9, 11, came('cleo')));
  assert.deepEqual([names(roster), roster.seq], ['ada bob cleo', 11]);
});

for (const [what, given] of [['a gap', delta(11, 12, came('cleo'))], ['another epoch', { ...delta(10, 11), epoch: 2 }]] as const) {
  test(`${what} leads to a snapshot, and the known stays until it is in`, () => {
    const { roster, ask } = applyDelta(start, given);
    assert.deepEqual(ask, {});
    assert.equal(names(roster), 'ada bob');
  });
}

test('the delta behind a gap is applied after the snapshot', () => {
  const reading = applyDelta(start, delta(12, 14, came('dan'))).roster;
  const { roster } = applyPage(reading, page(12, ['ada', 'cleo']));
  assert.deepEqual([names(roster), roster.seq], ['ada cleo dan', 14]);
});

test('pages are gathered, and deltas meanwhile come after them', () => {
  const first = applyPage(startReading(start).roster, page(20, ['ada', 'bob'], { cursor: 'next' }));
  assert.deepEqual(first.ask, { cursor: 'next' });
  // Bob leaves and Cleo comes after the first page was read; the second was read after that.
  const between = applyDelta(first.roster, delta(20, 22, { ...came('cleo'), ...went('bob') })).roster;
  assert.equal(names(between), 'ada bob', 'nothing is shown half-read');
  const { roster, left } = applyPage(between, page(22, ['cleo', 'dan']));
  assert.deepEqual([names(roster), roster.seq], ['ada cleo dan', 22]);
  assert.equal(left!.get('PA_bob'), 'CLIENT_LEFT');
});

test('a page of another epoch starts the reading again', () => {
  const first = applyPage(startReading(start).roster, page(20, ['ada'], { cursor: 'next' }));
  const again = applyPage(first.roster, page(3, ['bob'], { epoch: 2 }));
  assert.deepEqual(again.ask, {});
  assert.equal(names(applyPage(again.roster, page(3, ['cleo'], { epoch: 2 })).roster), 'cleo');
});

test('a delta of another epoch while reading starts the reading again', () => {
  const first = applyPage(startReading(start).roster, page(20, ['ada'], { cursor: 'next' }));
  const again = applyDelta(first.roster, { ...delta(1, 2, came('dan')), epoch: 2 });
  assert.deepEqual(again.ask, {});
  assert.equal(names(applyPage(again.roster, page(1, ['cleo'], { epoch: 2 })).roster), 'cleo dan');
});

test('a gap among the deltas kept back leads to another snapshot', () => {
  const reading = applyDelta(start, delta(12, 13, came('dan'))).roster;
  const gap = applyDelta(reading, delta(15, 16, came('eve'))).roster;
  const { ask, roster } = applyPage(gap, page(12, ['ada']));
  assert.deepEqual(ask, {});
  assert.equal(names(applyPage(roster, page(16, ['ada', 'dan', 'eve'])).roster), 'ada dan eve');
});

test('whatever is lost, doubled or late, clients end with the same room', () => {
  let random = 7;
  const next = (n: number) => (random = (random * 48271) % 2147483647) % n;
  for (let run = 0; run < 200; run++) {
    const room = new Map<string, string>();
    const log: Delta[] = [];
    let client = applyPage(emptyRoster, page(0, [])).roster, waiting: { cursor?: string } | undefined;
    for (let seq = 0; seq < 60; seq++) {
      const name = `p${next(9)}`;
      const gone = room.delete(name);
      if (!gone) room.set(name, name);
      const change = delta(seq, seq + 1, gone ? went(name) : came(name));
      log.push(change);
      const deliver = [change, log[next(log.length)]!].slice(0, next(3));
      for (const one of deliver) waiting = applied(applyDelta(client, one)) ?? waiting;
      if (waiting && next(2)) waiting = applied(applyPage(client, half(waiting.cursor)));
    }
    waiting = applied(applyDelta(client, delta(60, 61))) ?? waiting;
    while (waiting) waiting = applied(applyPage(client, half(waiting.cursor, 61)));
    assert.deepEqual(names(client).split(' ').filter(Boolean).sort(), [...room.keys()].sort(), `run ${run}`);

    function applied(step: { roster: Roster; ask?: { cursor?: string } }) {
      client = step.roster;
      return step.ask;
    }

    /** Two pages, read at different times. */
    function half(cursor: string | undefined, to = log.length): RosterPage {
      const all = [...room.keys()].sort();
      return cursor ? page(to, all.filter(name => name > 'p4')) : page(to, all.filter(name => name <= 'p4'), { cursor: 'second' });
    }
  }
});

test('changes between two states name who came, changed and left', () => {
  const { roster } = applyDelta(start, delta(10, 12, { participants: [participant('ada', { name: 'A' }), participant('cleo')], ...went('bob') }));
  const { joined, changed, left } = changesBetween(start, roster);
  assert.deepEqual([joined, changed, left].map(list => list.map(p => p.identity)), [['cleo'], ['ada'], ['bob']]);
});

test('a snapshot that says the same again changes nobody', () => {
  const { roster } = applyPage(startReading(start).roster, page(10, ['ada', 'bob']));
  assert.deepEqual(changesBetween(start, roster), { joined: [], changed: [], left: [] });
});
