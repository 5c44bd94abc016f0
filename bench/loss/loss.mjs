// loss       how long people and joins notice it when a media node, a silo or a gateway of a cluster is lost
// usage: loss.mjs [--json] [--rounds 1]
import '../../tests/Interop/rig/quiet.mjs';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Arrivals } from '../../tests/Interop/rig/arrivals.mjs';
import { launchChromium } from '../../tests/Interop/rig/browser.mjs';
import { Cluster } from '../../tests/Interop/rig/cluster.mjs';
import { Crowd } from '../../tests/Interop/rig/crowd.mjs';
import { Call } from '../../tests/Interop/rig/loss.mjs';
import { Proxy } from '../../tests/Interop/rig/proxy.mjs';
import { until } from '../../tests/Interop/rig/wait.mjs';

const usage = `usage: ./nexus bench loss [--json] [--rounds 1]

Two silos, two gateways and two media nodes, each a process, over a Redis; all clients on the same machine. Milliseconds:

  node       from the last picture (WHEP: packet) before a media node is killed, drained or frozen to the first after it, for each viewer
  joins      the longest time in which no join to a new room succeeded, with a silo killed or frozen
  gateway    from its end until a client of the SDK is back at the other, in the same session
  picture    the longest time without a picture meanwhile

  --rounds   of each`;

const { values: options } = parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean' }, rounds: { type: 'string', default: '1' } } });
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const rounds = Number(options.rounds);

const clients = { sdk: { livekit: [], viewers: [] }, livekit: { sdk: [], livekit: ['carl', 'dan'], viewers: [] }, whip: { sdk: [], livekit: [] } };
const ofSdk = clients.sdk;
let rooms = 0;
const newRoom = () => `loss-${++rooms}`;

/** The middle and the largest. */
function digest(values) {
  const sorted = values.sort((a, b) => a - b);
  return { p50_ms: sorted[Math.ceil(sorted.length / 2) - 1], max_ms: sorted.at(-1) };
}

const allReady = (cluster, gateway, count) => until('all nodes', async () => (await cluster.nodes(gateway)).filter(({ state }) => state === 'ready').length === count);

/** A node that a call is on is lost so; how long each viewer saw nothing. */
async function node(cluster, chromium, kind, signal) {
  const gateway = cluster.gateways[1], gaps = [];
  for (let round = 0; round < rounds; round++) {
    const call = await Call.begins(gateway, chromium, newRoom(), clients[kind]);
    let media, number;
    gaps.push(...Object.values(await call.gapsUntilElsewhere(lost => {
      [media, number] = cluster.mediaOf(lost);
      media.child.kill(signal);
    })));
    await call.ends();
    await media.stop('SIGKILL');
    await cluster.startMedia(number);
    await allReady(cluster, gateway, 2);
  }
  return digest(gaps);
}

/** Joins to new rooms, one after the other, until it is stopped; a join that takes longer than a second is not waited for. */
class Joining {
  #arrivals = new Arrivals();
  #crowds = [];
  #on = true;

  constructor(gateway) {
    this.gateway = gateway;
    this.done = this.#join();
  }

  async #join() {
    for (; this.#on; await setTimeout(50)) {
      const crowd = new Crowd(this.gateway);
      this.#crowds.push(crowd);
      await Promise.race([crowd.joins(1, newRoom).then(() => this.#arrivals.note('joins'), () => {}), setTimeout(1000)]);
    }
  }

  get count() {
    return this.#arrivals.all.joins?.count ?? 0;
  }

  async stop() {
    this.#on = false;
    await this.done;
    this.#crowds.forEach(crowd => crowd.leaves());
    return this.#arrivals.all.joins.longest;
  }
}

/** A silo is lost so, in the middle of a call. */
async function silo(cluster, chromium, signal) {
  const gateway = cluster.gateways[1], joins = [], pictures = [];
  for (let round = 0; round < rounds; round++) {
    const call = await Call.begins(gateway, chromium, newRoom(), ofSdk), joining = new Joining(gateway), lost = round % 2;
    await until('joins', () => joining.count >= 5);
    const gaps = await call.gapsDuring(async () => {
      cluster.silos[lost].child.kill(signal);
      await setTimeout(5000); // no event tells that nothing more will happen: a frozen silo is found out within that, or while joins stand still
      const before = joining.count;
      await until('joins again', () => joining.count >= before + 10, { seconds: 60 });
    });
    joins.push(await joining.stop());
    pictures.push(...Object.values(gaps));
    await call.ends();
    await cluster.silos[lost].stop('SIGKILL');
    await cluster.startSilo(lost);
    await allReady(cluster, gateway, 2);
  }
  return { joins: digest(joins), picture: digest(pictures) };
}

/** The gateway that one of two people is at is killed, and a proxy leads to the other. */
async function gateway(cluster, chromium) {
  const [first, second] = cluster.gateways, proxy = await Proxy.start(first.url);
  const call = await Call.begins(second, chromium, newRoom(), { ...ofSdk, via: { ada: proxy.url } }), [ada] = call.members;
  let back;
  const gaps = await call.gapsDuring(async () => {
    proxy.to(second.url);
    await first.stop('SIGKILL');
    const killed = Date.now();
    await until('the loss to be noticed', async () => (await ada.view()).events.includes('state reconnecting'), { everyMs: 20 });
    await until('ada to be back', async () => (await ada.view()).state === 'connected', { everyMs: 20 });
    back = Date.now() - killed;
  });
  await call.ends();
  await proxy.close();
  return { back_ms: back, picture: digest(Object.values(gaps)) };
}

const chromium = await launchChromium(), cluster = await Cluster.start();
try {
  const result = { rounds };
  for (const kind of Object.keys(clients)) result[`node_killed_${kind}`] = await node(cluster, chromium, kind, 'SIGKILL');
  for (const kind of Object.keys(clients)) result[`node_drained_${kind}`] = await node(cluster, chromium, kind, 'SIGTERM');
  result.node_frozen_sdk = await node(cluster, chromium, 'sdk', 'SIGSTOP');
  result.silo_killed = await silo(cluster, chromium, 'SIGKILL');
  result.silo_frozen = await silo(cluster, chromium, 'SIGSTOP');
  result.gateway_killed = await gateway(cluster, chromium);
  if (options.json) console.log(JSON.stringify(result));
  else for (const [what, figures] of Object.entries(result)) console.log(what.replaceAll('_', ' ').padEnd(22), JSON.stringify(figures).replace(/[{}"]/g, '').replaceAll(',', ', '));
} finally {
  await chromium.close();
  await cluster.close();
}
process.exit(0);
