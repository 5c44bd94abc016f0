// start      start of `./nexus up` to its ready line, and the first join after it (p50, max), once built
// usage: start.mjs [--json] [--starts 10]
import { parseArgs } from 'node:util';
import * as native from '../../tests/Interop/rig/native.mjs';
import { Server } from '../../tests/Interop/rig/server.mjs';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean' }, help: { type: 'boolean' }, starts: { type: 'string', default: '10' } },
});
if (options.help) {
  console.log('usage: ./nexus bench start [--json] [--starts 10]');
  process.exit(0);
}

const ready = [], firstJoins = [], { peer, sdp } = await native.offer('viewer');
peer.close();
for (let i = 0; i < Number(options.starts); i++) {
  let began = performance.now();
  const server = await Server.start();
  ready.push(performance.now() - began);
  began = performance.now();
  await native.whep(server, 'bench', 'viewer', sdp);
  firstJoins.push(performance.now() - began);
  await server.stop();
}
const middle = times => Math.round(times.sort((a, b) => a - b)[Math.floor(times.length / 2)]), most = times => Math.round(Math.max(...times));
const result = {
  starts: ready.length, p50_ms: middle(ready), max_ms: most(ready),
  first_join_p50_ms: middle(firstJoins), first_join_max_ms: most(firstJoins),
};
console.log(options.json ? JSON.stringify(result)
  : `start to ready (${result.starts} starts): p50 ${result.p50_ms} ms, max ${result.max_ms} ms; the first join after it: p50 ${result.first_join_p50_ms} ms, max ${result.first_join_max_ms} ms`);
process.exit(0); // the native peer's threads hold the process
