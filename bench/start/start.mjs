// start      start of `./nexus up` to its ready line (p50, max), once built
// usage: start.mjs [--json] [--starts 10]
import { parseArgs } from 'node:util';
import { Server } from '../../tests/Interop/rig/server.mjs';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean' }, help: { type: 'boolean' }, starts: { type: 'string', default: '10' } },
});
if (options.help) {
  console.log('usage: ./nexus bench start [--json] [--starts 10]');
  process.exit(0);
}

const times = [];
for (let i = 0; i < Number(options.starts); i++) {
  const began = performance.now(), server = await Server.start();
  times.push(Math.round(performance.now() - began));
  await server.stop();
}
times.sort((a, b) => a - b);
const result = { starts: times.length, p50_ms: times[Math.floor(times.length / 2)], max_ms: times.at(-1) };
console.log(options.json ? JSON.stringify(result) : `start to ready (${result.starts} starts): p50 ${result.p50_ms} ms, max ${result.max_ms} ms`);
