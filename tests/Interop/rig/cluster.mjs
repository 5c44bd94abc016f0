// A cluster of processes on this machine: a real Redis, silos, gateways and media nodes, each of which can be killed or frozen.
import { Process, Server, freePort } from './server.mjs';
import { until } from './wait.mjs';

export class Cluster {
  silos = [];
  gateways = [];
  media = [];

  /** Resolves when all gateways are ready and know all nodes. */
  static async start({ silos = 2, gateways = 2, media = 2 } = {}) {
    const cluster = new Cluster();
    try {
      await cluster.#start(silos, gateways, media);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  async #start(silos, gateways, media) {
    const redis = await freePort();
    this.redis = new Process('redis-server', ['--port', `${redis}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
    await this.redis.says(/Ready to accept connections/, 10);
    this.joins = ['--redis', `127.0.0.1:${redis}`, '--loops', '1'];
    this.places = await Promise.all(Array.from({ length: silos }, async () => ({ silo: await freePort(), clients: await freePort(), control: `127.0.0.1:${await freePort()}` })));
    for (let i = 0; i < silos; i++) await this.startSilo(i); // one after the other: the second finds the first
    for (let i = 0; i < media; i++) await this.startMedia(i);
    this.doors = await Promise.all(Array.from({ length: gateways }, () => freePort()));
    await Promise.all(this.doors.map((_, i) => this.startGateway(i)));
    for (const gateway of this.gateways)
      await until('all nodes at each gateway', async () => (await this.nodes(gateway)).filter(({ state }) => state === 'ready').length === media && (await gateway.request('/readyz')).status === 200,
        { seen: () => this.nodes(gateway) });
  }

  /** Starts the silo of that place, also in the place of one that has ended. */
  async startSilo(i) {
    const { silo, clients, control } = this.places[i];
    const flags = ['--roles', 'silo', ...this.joins, '--silo', `127.0.0.1:${silo}`, '--client-port', `${clients}`, '--control-listen', control];
    return this.silos[i] = await Server.start({ flags });
  }

  /** Starts the media node of that number, `ND_1` and so on, also in the place of one that has ended. */
  async startMedia(i) {
    const flags = ['--roles', 'media', '--node-id', `ND_${i + 1}`, '--control', this.places.map(({ control }) => control).join(), ...this.joins];
    return this.media[i] = await Server.start({ flags });
  }

  /** Starts the gateway of that number, at the same address as one that has ended. */
  async startGateway(i) {
    return this.gateways[i] = await Server.start({ http: this.doors[i], flags: ['--roles', 'gateway', ...this.joins] });
  }

  /** The process of a media node, and its number. */
  mediaOf(node) {
    const i = Number(node.slice('ND_'.length)) - 1;
    return [this.media[i], i];
  }

  async nodes(gateway) {
    return (await gateway.api('/nodes')).nodes;
  }

  /**
   * What is not as it should be while all processes run, line by line: nodes that are not ready, rooms that nobody is in, people who are not
   * there, and nodes that have other sessions than those of the people on them.
   * @param {(participant: object) => number} sessionsOf How many sessions somebody has; by the connections that are measured when nothing is said.
   */
  async leftovers(gateway, sessionsOf = ({ transports = [] }) => transports.length) {
    const wrong = [], expected = new Map();
    for (const { name, numParticipants } of (await gateway.api('/rooms?limit=1000')).rooms) {
      const { participants } = await gateway.api(`/rooms/${name}/participants?limit=1000`);
      if (numParticipants === 0 || participants.length === 0) wrong.push(`nobody is in room ${name}`);
      for (const participant of participants) {
        if (participant.state === 'disconnected' || participant.state === 'reconnecting') wrong.push(`${participant.identity} in ${name} is ${participant.state}`);
        expected.set(participant.node, (expected.get(participant.node) ?? 0) + sessionsOf(participant));
      }
    }
    for (const { id, state, sessions, reason } of await this.nodes(gateway)) {
      if (state !== 'ready') wrong.push(`${id} is ${state}: ${reason}`);
      if (sessions !== (expected.get(id) ?? 0)) wrong.push(`${id} has ${sessions} sessions, of people there are ${expected.get(id) ?? 0}`);
    }
    return wrong;
  }

  /** Waits until nothing is wrong, see `leftovers`. */
  async settles(gateway, { sessionsOf, seconds = 60 } = {}) {
    await until('the cluster to be as it should be', async () => (await this.leftovers(gateway, sessionsOf)).length === 0,
      { seconds, everyMs: 500, seen: () => this.leftovers(gateway, sessionsOf) });
  }

  async close() {
    for (const process of [...this.gateways, ...this.media, ...this.silos, this.redis]) await process?.stop('SIGKILL');
  }
}
