// A WHIP publisher and her WHEP viewers who come again whenever their sessions are gone. In a process of its own: the native peers and
// LiveKit's do not bear each other in one.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { Arrivals } from './arrivals.mjs';
import { publish, watch } from './native.mjs';

/** A WHIP or WHEP client that asks how its session stands, and comes again when there is none any more. */
class Returning {
  came = 0;

  /** @param {() => Promise<{ location: string, bearer: string, close: () => void }>} comes */
  static async comes(comes) {
    const client = new Returning();
    client.comes = comes;
    await client.#come();
    void client.#stay();
    return client;
  }

  async #come() {
    this.session = await this.comes();
    this.came++;
  }

  async #stay() {
    for (;; await setTimeout(100)) {
      const { location, bearer } = this.session, standing = await fetch(`${location}/state`, { headers: { authorization: `Bearer ${bearer}` } }).catch(() => undefined);
      if (standing?.status !== 404) continue;
      this.session.close();
      while (!await this.#come().then(() => true, () => false)) await setTimeout(100);
    }
  }
}

const ended = Symbol('ended');

/** The publisher, `wendy`, and those who watch her, in their process. */
export class ReturningCall {
  #child = fork(fileURLToPath(import.meta.url), ['run']);
  #ended = once(this.#child, 'exit').then(() => [ended]);
  #asked = new Map();
  #last = 0;

  /** Resolves when all are connected. */
  static async begins(url, room, viewers) {
    const call = new ReturningCall();
    call.#child.on('message', ({ id, answer }) => call.#asked.get(id)?.(answer));
    await call.#ask('begin', url, room, viewers);
    return call;
  }

  async #ask(what, ...args) {
    const id = ++this.#last, answer = new Promise(resolve => this.#asked.set(id, resolve));
    this.#child.send({ id, what, args });
    const [answered] = await Promise.race([answer.then(value => [value]), this.#ended]);
    this.#asked.delete(id);
    if (answered === ended) throw new Error('the process of the WHIP and WHEP clients has ended');
    return answered;
  }

  /** What came of whom at a viewer, as `Arrivals` says it. */
  arrivals(viewer) {
    return { all: () => this.#ask('all', viewer), reset: () => this.#ask('reset', viewer) };
  }

  /** How often each has come, the publisher first. */
  came() {
    return this.#ask('came');
  }

  close() {
    this.#child.kill('SIGKILL');
  }
}

if (process.argv[2] === 'run' && process.send) {
  const arrivals = {}, clients = [];
  const acts = {
    async begin(url, room, viewers) {
      clients.push(await Returning.comes(() => publish({ url }, room, 'wendy', { rate: 100 })));
      for (const viewer of viewers) {
        const own = arrivals[viewer] = new Arrivals();
        clients.push(await Returning.comes(() => watch({ url }, room, viewer, { of: 'wendy', arrived: () => own.note('wendy') })));
      }
    },
    all: viewer => arrivals[viewer].all,
    reset: viewer => arrivals[viewer].reset(),
    came: () => clients.map(({ came }) => came),
  };
  process.on('message', async ({ id, what, args }) => process.send({ id, answer: await acts[what](...args) }));
  process.on('disconnect', () => process.exit());
}
