// The admin page over a thousand rooms: one request every two seconds, whatever is there and whatever is typed.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Crowd } from './rig/crowd.mjs';
import { Operator } from './rig/operator.mjs';
import { token } from './rig/server.mjs';
import { Stage } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const rooms = 1000, people = 1000;
const stage = Stage.ofFile();
const nameOf = i => `class-${String(i).padStart(4, '0')}`;
const listed = operator => operator.page.evaluate(() => [...document.querySelectorAll('#rooms h3')].map(h => h.textContent));
const lists = (operator, what, condition) => until(what, async () => {
  const names = await listed(operator);
  return condition(names) && names;
}, { seen: () => listed(operator) });

test(`${rooms} rooms with ${people} people: the page lists, searches, sorts, opens and turns pages, at most one request a second`, async t => {
  const server = await stage.server;
  const crowd = new Crowd(server);
  t.after(() => crowd.leaves());
  await crowd.opens(rooms, nameOf);
  await crowd.joins(people, i => (i < 60 ? nameOf(777) : nameOf(i % rooms))); // one is fuller than a page

  const operator = await Operator.comes(t, await stage.chromium, server);
  const requests = operator.counts();
  await lists(operator, 'the first page', names => names.length === 50 && names[0] === nameOf(0));
  await until('the sums', () => operator.page.evaluate((rooms, people) => document.getElementById('count').textContent.includes(`${rooms.toLocaleString()}, with ${people.toLocaleString()} people`), rooms, people));

  await operator.page.select('#sort', 'participants desc');
  await lists(operator, 'the fullest first', names => names[0] === nameOf(777));
  await operator.opens(nameOf(777));
  await operator.reads(nameOf(777), /page 1/);
  await operator.clicks(nameOf(777), 'More');
  await operator.reads(nameOf(777), /page 2/);
  await operator.page.type('#people', 'person-00042', { delay: 30 });
  await operator.reads(nameOf(777), /person-00042/);
  await until('only that one', () => operator.page.evaluate(() => document.querySelectorAll('.person').length === 1 && document.activeElement.id === 'people'));

  await operator.page.select('#sort', 'name asc');
  await operator.page.type('#search', 'CLASS-099', { delay: 100 });
  await lists(operator, 'ten of a thousand, and the open one', names => names.length === 11 && names.includes(nameOf(999)) && names.includes(nameOf(777)));
  await operator.page.evaluate(() => { document.getElementById('search').value = ''; document.getElementById('search').dispatchEvent(new Event('input')); });
  await lists(operator, 'all again', names => names.length >= 50);
  await operator.page.evaluate(() => document.querySelector('#pages button').click());
  await lists(operator, 'the second page', names => names.includes(nameOf(50)) && !names.includes(nameOf(49)));

  const quiet = requests.length;
  await until('ten more readings', () => requests.length >= quiet + 10, { seconds: 60 });
  const gaps = requests.slice(1).map(({ at }, i) => at - requests[i].at);
  assert.ok(Math.min(...gaps) > 900, `two requests within ${Math.min(...gaps)} ms`);
  const idle = requests.slice(quiet), seconds = (idle.at(-1).at - idle[0].at) / 1000;
  assert.ok((idle.length - 1) / seconds < 0.6, `${(idle.length - 1) / seconds} requests a second of a page that nobody touches`);
  assert.deepEqual(operator.errors, []);
});

test('an admin of one room sees that room alone', async t => {
  const server = await stage.server, name = 'staff-room', crowd = new Crowd(server);
  t.after(() => crowd.leaves());
  await crowd.joins(1, () => name);
  const teacher = await Operator.comes(t, await stage.chromium, server, token({ room: name, identity: 'teacher', grants: { roomJoin: false, roomAdmin: true } }));
  await lists(teacher, 'that room alone', names => names.join() === name);
  await teacher.opens(name);
  await teacher.reads(name, /person-00000/);
  assert.deepEqual(teacher.errors, []);
});
