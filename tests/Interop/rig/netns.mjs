// Network namespaces with nothing but loopback, and the bad networks that nft can make of it.
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
let count = 0;

export class Netns {
  /** Where a server inside listens. */
  address = '127.0.0.1';

  /** A fresh namespace whose only interface is loopback. Needs root. */
  static async create() {
    if (process.getuid() !== 0) throw new Error('network namespaces need root: run the tests as root');
    const netns = new Netns(`nexus-${process.pid}-${++count}`);
    await run('ip', ['netns', 'add', netns.name]);
    process.once('exit', netns.reaper = () => spawnSync('ip', ['netns', 'del', netns.name]));
    await netns.ip('link', 'set', 'lo', 'up');
    return netns;
  }

  constructor(name) {
    this.name = name;
  }

  /** The command line that runs `command` inside. */
  inside(...command) {
    return ['ip', 'netns', 'exec', this.name, ...command];
  }

  async run(...command) {
    const [file, ...args] = this.inside(...command);
    return (await run(file, args)).stdout;
  }

  /** A cable from `name` here to `otherName` in another namespace: interfaces without addresses, both up. */
  async connect(name, other, otherName = name) {
    await run('ip', ['link', 'add', name, 'netns', this.name, 'type', 'veth', 'peer', 'name', otherName, 'netns', other.name]);
    await this.ip('link', 'set', name, 'up');
    await other.ip('link', 'set', otherName, 'up');
  }

  /** The `ip` command inside. */
  ip(...args) {
    return run('ip', ['-n', this.name, ...args]);
  }

  /** Replaces the rules on arriving packets; each is an nft statement such as `meta l4proto udp drop`. */
  rules(...statements) {
    return this.#rules('input', statements);
  }

  /** Replaces the rules on leaving packets, which still know whose they are: `meta skuid != turnserver udp dport 7882 drop`. */
  leavingRules(...statements) {
    return this.#rules('output', statements);
  }

  async #rules(hook, statements) {
    await this.run('nft', 'flush', 'ruleset');
    const lines = statements.map(statement => `    ${statement.replace(/ drop$/, ' counter drop')}`).join('\n');
    if (statements.length)
      await this.run('nft', `table inet rig {\n  chain ${hook}s {\n    type filter hook ${hook} priority 0;\n${lines}\n  }\n}`);
  }

  /** How many packets the rules have dropped. */
  async dropped() {
    const rules = await this.run('nft', 'list', 'ruleset');
    return [...rules.matchAll(/counter packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
  }

  async close() {
    process.off('exit', this.reaper);
    await run('ip', ['netns', 'del', this.name]);
  }
}

/** Rules for `Netns.rules`. */
export const badNetwork = {
  /** Every UDP packet is lost with this probability. */
  loss: percent => `meta l4proto udp numgen random mod 1000 < ${Math.round(percent * 10)} drop`,
  /** UDP datagrams that begin like a DTLS record (RFC 7983: first byte 20-63) vanish when their payload is longer. */
  longDtls: bytes => `meta l4proto udp @th,64,8 20-63 meta length > ${bytes + 28} drop`,
  /** UDP is closed, TCP is open. */
  tcpOnly: () => 'meta l4proto udp drop',
};
