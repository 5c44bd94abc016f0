// A WHIP publisher and her WHEP viewer who come again whenever their sessions are gone. In a process of its own: the native peers and
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

/** The two of them, `wendy` and `vera`, in their process. */
export class ReturningPair {
  #child = fork(fileURLToPath(import.meta.url), ['run']);
  #ended = once(this.#child, 'exit').then(() => [ended]);
  #asked = new Map();
  #last = 0;

  /** Resolves when both are connected. */
  static async begins(url, room) {
    const pair = new ReturningPair();
    pair.#child.on('message', ({ id, answer }) => pair.#asked.get(id)?.(answer));
    await pair.#ask('begin', url, room);
    return pair;
  }

  async #ask(what, ...args) {
    const id = ++this.#last, answer = new Promise(resolve => this.#asked.set(id, resolve));
    this.#child.send({ id, what, args });
    const [answered] = await Promise.race([answer.then(value => [value]), this.#ended]);
    this.#asked.delete(id);
    if (answered === ended) throw new Error('the process of the WHIP and WHEP clients has ended');
    return answered;
  }

  /** What came of whom at the viewer. */
  all() {
    return this.#ask('all');
  }

  reset() {
    return this.#ask('reset');
  }

  /** How often each of the two has come. */
  came() {
    return this.#ask('came');
  }

  close() {
    this.#child.kill('SIGKILL');
  }
}

if (process.argv[2] === 'run' && process.send) {
  const arrivals = new Arrivals(), clients = [];
  const acts = {
    async begin(url, room) {
      clients.push(await Returning.comes(() => publish({ url }, room, 'wendy', { rate: 100 })));
      clients.push(await Returning.comes(() => watch({ url }, room, 'vera', { of: 'wendy', arrived: () => arrivals.note('wendy') })));
    },
    all: () => arrivals.all,
    reset: () => arrivals.reset(),
    came: () => clients.map(({ came }) => came),
  };
  process.on('message', async ({ id, what, args }) => process.send({ id, answer: await acts[what](...args) }));
  process.on('disconnect', () => process.exit());
}
