// A call of every kind of client, and how long nobody saw whom when something of the cluster was lost.
import { Agent } from './agent.mjs';
import { Arrivals } from './arrivals.mjs';
import { ReturningCall } from './returning.mjs';
import { Member } from './sdk.mjs';
import { until } from './wait.mjs';

/** Who publishes and who sees whom: people of the SDK and of LiveKit's all of each other, and WHEP viewers a WHIP publisher. */
export class Call {
  #arrivals = new Map();

  constructor(gateway, room) {
    Object.assign(this, { gateway, room });
  }

  /**
   * Resolves when everyone sees everyone.
   * @param {{ sdk?: string[], livekit?: string[], viewers?: string[], via?: object, camera?: object }} people `viewers`: those who watch, by WHEP,
   *   the WHIP publisher `wendy`, who is there when there are any; `via`: of people of the SDK, the URL of the signalling where it is not the
   *   gateway's own; `camera`: theirs.
   */
  static async begins(gateway, chromium, room, { sdk = ['ada', 'bob'], livekit = ['carl'], viewers = ['vera'], via = {}, camera } = {}) {
    const call = new Call(gateway, room);
    call.sees = new Map();
    call.members = await Promise.all(sdk.map(identity => call.#bySdk(chromium, identity, { via: via[identity], camera })));
    call.agents = await Promise.all(livekit.map(identity => call.#byLiveKit(identity)));
    const talking = [...sdk, ...livekit];
    for (const identity of talking) call.sees.set(identity, talking.filter(other => other !== identity));
    if (viewers.length) call.returning = await ReturningCall.begins(gateway.url, room, viewers);
    for (const viewer of viewers) {
      call.#arrivals.set(viewer, call.returning.arrivals(viewer));
      call.sees.set(viewer, ['wendy']);
    }
    call.people = [...talking, ...(viewers.length ? ['wendy', ...viewers] : [])].sort();
    await call.flows();
    return call;
  }

  async #bySdk(chromium, identity, options) {
    const tab = await chromium.open(`${this.gateway.url}/healthz`);
    await tab.evaluate(`globalThis.arrivals = new (${Arrivals})()`);
    const member = await Member.joins(tab, this.gateway, this.room, identity, { ...options, join: { adaptive: false }, pictures: true });
    this.#arrivals.set(identity, { all: () => tab.evaluate(() => arrivals.all), reset: () => tab.evaluate(() => arrivals.reset()) });
    return member;
  }

  async #byLiveKit(identity) {
    const agent = await Agent.joins(this.gateway, this.room, identity), arrivals = this.#keeps(identity);
    agent.onPicture = other => arrivals.note(other);
    await agent.speaks();
    await agent.shows();
    return agent;
  }

  #keeps(identity) {
    const arrivals = new Arrivals();
    this.#arrivals.set(identity, { all: () => arrivals.all, reset: () => arrivals.reset() });
    return arrivals;
  }

  async #all() {
    return new Map(await Promise.all([...this.#arrivals].map(async ([identity, arrivals]) => [identity, await arrivals.all()])));
  }

  /** By pair, `viewer<publisher`. */
  async #pairs(value) {
    const all = await this.#all();
    return Object.fromEntries([...this.sees].flatMap(([viewer, others]) => others.map(other => [`${viewer}<${other}`, value(all.get(viewer)?.[other])])));
  }

  /** Waits until everyone has seen more of each that they are to see. */
  async flows({ seconds = 40, pictures = 5 } = {}) {
    const before = await this.#pairs(seen => seen?.count ?? 0);
    await until('everyone to see everyone', async () => Object.entries(await this.#pairs(seen => seen?.count ?? 0)).every(([pair, count]) => count >= before[pair] + pictures),
      { seconds, everyMs: 100, seen: () => this.#pairs(seen => (seen?.count ?? 0)) });
  }

  /** The node that everyone is on; undefined while they are not all in, and on one. */
  async node() {
    const { participants } = await this.gateway.api(`/rooms/${this.room}/participants`), nodes = new Set(participants.map(({ node }) => node));
    return participants.map(({ identity }) => identity).sort().join() === this.people.join() && participants.every(({ state }) => state === 'active') && nodes.size === 1
      ? [...nodes][0] : undefined;
  }

  /** The longest time that each viewer saw nothing of each publisher, in ms by pair, from now until everyone is on another node and sees everyone. */
  async gapsUntilElsewhere(act, { seconds = 40, while: meanwhile = () => {} } = {}) {
    const from = await until('everyone on one node', () => this.node());
    return this.gapsDuring(async () => {
      await act(from);
      await until(`everyone on another node than ${from}`, async () => {
        await meanwhile();
        const node = await this.node();
        return node && node !== from;
      }, { seconds, everyMs: 50, seen: () => this.gateway.api(`/rooms/${this.room}/participants`) });
    }, { seconds });
  }

  /** The longest time that each viewer saw nothing of each publisher, in ms by pair, from now until `act` is done and everyone sees everyone. */
  async gapsDuring(act, { seconds } = {}) {
    await Promise.all([...this.#arrivals.values()].map(arrivals => arrivals.reset()));
    await act();
    await this.flows({ seconds });
    return this.#pairs(seen => seen.longest);
  }

  async ends() {
    this.returning?.close();
    await Promise.all([...this.agents.map(agent => agent.leaves()), ...this.members.map(member => member.tab.close())]);
  }
}
