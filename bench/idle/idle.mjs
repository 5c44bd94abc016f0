// idle       CPU of an idle server by thread, and of one with 20 viewers as a ratio to its forwarding loops' own; memory of a viewer
// usage: idle.mjs [--json] [--settle 60] [--seconds 30] [--viewers 20] [--rate 1000]
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { publish, watch } from '../../tests/Interop/rig/native.mjs';
import { Server } from '../../tests/Interop/rig/server.mjs';

const usage = `usage: ./nexus bench idle [--json] [--settle 60] [--seconds 30] [--viewers 20] [--rate 1000]

  --settle   seconds between the ready line and the idle measurement
  --seconds  how long each measurement lasts
  --viewers  WHEP viewers of the one publisher
  --rate     packets a second that it sends, 1100 octets each`;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean' }, help: { type: 'boolean' },
    settle: { type: 'string', default: '60' }, seconds: { type: 'string', default: '30' },
    viewers: { type: 'string', default: '20' }, rate: { type: 'string', default: '1000' },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const [settle, seconds, viewers, rate] = ['settle', 'seconds', 'viewers', 'rate'].map(name => Number(options[name]));
const hertz = 100; // of the kernel's clock ticks in /proc, whatever its own

/** CPU seconds and switches so far, by thread name. */
function threads(pid) {
  const byName = new Map();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
      const name = /\((.*)\)/s.exec(stat)[1], fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const run = Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
      const switches = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8'))[1]);
      const known = byName.get(name) ?? { cpu: 0, switches: 0 };
      byName.set(name, { cpu: known.cpu + (run || (Number(fields[11]) + Number(fields[12])) / hertz), switches: known.switches + switches });
    } catch {
      // it ended meanwhile
    }
  }
  return byName;
}

/** Percent of one core and wake-ups a second, in all and of each thread that did anything. */
async function measure(pid) {
  const before = threads(pid), began = performance.now();
  await setTimeout(seconds * 1000);
  const after = threads(pid), elapsed = (performance.now() - began) / 1000;
  const rows = [...after].map(([thread, { cpu, switches }]) => ({
    thread,
    percent: (100 * (cpu - (before.get(thread)?.cpu ?? 0))) / elapsed,
    wakeups: (switches - (before.get(thread)?.switches ?? 0)) / elapsed,
  })).filter(({ percent }) => percent > 0.005).sort((a, b) => b.percent - a.percent);
  const sum = (list, field) => list.reduce((total, row) => total + row[field], 0);
  return {
    percent: round(sum(rows, 'percent')), wakeups: Math.round(sum(rows, 'wakeups')),
    loops: round(sum(rows.filter(({ thread }) => /^loop \d/.test(thread)), 'percent')),
    threads: rows.map(row => ({ thread: row.thread, percent: round(row.percent), wakeups: Math.round(row.wakeups) })),
  };
}
/** Resident memory, KiB. */
const resident = pid => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const round = value => Math.round(value * 100) / 100;

const server = await Server.start();
try {
  const pid = server.child.pid;
  await setTimeout(settle * 1000);
  const idle = await measure(pid);
  const publisher = await publish(server, 'bench', 'publisher', { rate });
  const audience = [], half = Math.floor(viewers / 2);
  let halfFull = 0; // the first half pays for what is made once: code, pools, the heap's first growth
  for (let i = 0; i < viewers; i++) {
    if (i === half) {
      await setTimeout(5000);
      halfFull = resident(pid);
    }
    audience.push(await watch(server, 'bench', `viewer-${i}`));
  }
  await setTimeout(5000);
  const joined = resident(pid);
  const first = await measure(pid); // code is still being compiled in this minute
  await setTimeout(settle * 1000);
  const later = await measure(pid), running = resident(pid), received = audience.reduce((sum, viewer) => sum + viewer.packets(), 0);
  publisher.close();
  audience.forEach(viewer => viewer.close());
  const ratio = ({ percent, loops }) => round(percent / loops);
  const result = {
    idle_percent_of_core: idle.percent, idle_wakeups_per_second: idle.wakeups, idle_threads: idle.threads,
    viewers, rate, received,
    resident_kib_per_viewer_after_join: Math.round((joined - halfFull) / (viewers - half)), resident_kib_per_viewer: Math.round((running - halfFull) / (viewers - half)),
    first_minute_ratio: ratio(first), first_minute_percent: first.percent, first_minute_loops_percent: first.loops,
    ratio: ratio(later), percent: later.percent, loops_percent: later.loops, threads: later.threads,
  };
  if (options.json) console.log(JSON.stringify(result));
  else {
    const list = rows => rows.map(row => `    ${row.thread.padEnd(18)} ${row.percent.toFixed(2).padStart(7)} %  ${row.wakeups}/s`).join('\n');
    console.log(`idle: ${idle.percent} % of a core, ${idle.wakeups} wake-ups a second\n${list(idle.threads)}`);
    console.log(`${rate} packets/s to ${viewers} viewers: ${later.percent} %, of which the loops ${later.loops} %: ${result.ratio} times (first minute ${result.first_minute_ratio})\n${list(later.threads)}`);
    console.log(`resident memory of each of the second half of the viewers: ${result.resident_kib_per_viewer_after_join} KiB just joined, ${result.resident_kib_per_viewer} later`);
  }
} finally {
  await server.stop();
}
process.exit(0); // the native peers' threads hold the process
