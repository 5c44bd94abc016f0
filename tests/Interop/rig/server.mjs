// A Nexus server, started as a user starts it: `./nexus up`.
import { spawn, execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { explains } from './wait.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const nexus = `${root}nexus`;
const base64url = value => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The key that tokens are signed with; a test whose server has a configuration of its own may set another secret. */
export const devKey = { secret: 'secret' };

/** A signed access token of the development key; `grants` go into the `video` claim, `claims` beside it. */
export function token({ identity = 'someone', room, ttl = 600, grants = {}, claims = {}, secret = devKey.secret } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const head = base64url({ alg: 'HS256', typ: 'JWT' });
  const body = base64url({
    iss: 'devkey', sub: identity, nbf: now - 5, exp: now + ttl, video: { room, roomJoin: true, ...grants }, ...claims,
  });
  const signature = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
  return `${head}.${body}.${signature}`;
}

export const adminToken = () => token({ identity: 'admin', grants: { roomJoin: false, roomList: true, roomAdmin: true } });

/** The command line of `./nexus COMMAND…`. */
export const nexusCommand = (...args) => [nexus, ...args];

/** The output of `./nexus COMMAND…`; throws with `code`, `stdout` and `stderr` when it fails. */
export const cli = async (...args) => (await promisify(execFile)(nexus, args, { timeout: 20_000 })).stdout;

/** A process of ours; what it printed is kept for the message when something goes wrong. */
export class Process {
  constructor(command, args, env) {
    this.output = '';
    this.child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', chunk => (this.output += chunk));
    this.exited = new Promise(resolve => this.child.on('exit', (code, signal) => resolve(code ?? signal)));
    this.reaper = () => this.child.kill('SIGKILL');
    process.once('exit', this.reaper);
    this.exited.then(() => process.off('exit', this.reaper));
  }

  /** Resolves with the match when the output matches; rejects when the process ends or the time is over before. */
  async says(pattern, seconds) {
    let timer;
    const found = new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.output);
        if (match) resolve(match);
      };
      this.child.stdout.on('data', look);
      this.child.stderr.on('data', look);
      look();
      timer = setTimeout(() => reject(new Error(`no ${pattern} within ${seconds} s:\n${this.output}`)), seconds * 1000);
    });
    const ended = this.exited.then(code => { throw new Error(`ended with ${code} before ${pattern}:\n${this.output}`); });
    try {
      return await Promise.race([found, ended]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends the signal and resolves with the exit code. */
  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    return this.exited;
  }
}

export class Server extends Process {
  /**
   * Starts `./nexus up` on free ports and resolves when it says `ready`.
   * @param {{ flags?: string[], netns?: import('./netns.mjs').Netns, env?: object, http?: number }} options
   *   `http`: the port, where one must come back in place of another.
   */
  static async start({ flags = [], netns, env, http } = {}) {
    http ??= netns ? 8080 : await freePort();
    const media = netns ? 7882 : await freePort(10);
    const own = ['up', '--http', `${netns?.address ?? '127.0.0.1'}:${http}`, '--media-port', `${media}`, ...flags];
    const [command, ...args] = netns ? netns.inside(nexus, ...own) : [nexus, ...own];
    const server = new Server(command, args, env);
    server.netns = netns;
    server.mediaPort = media;
    try {
      const [, url, code] = await server.says(/ready (https?:\/\/\S+)(?:\nmeet\s+\S+?(#\S+))?/, 30);
      server.url = url.replace(/\/$/, '');
      server.code = code ?? ''; // what the pages want behind their address
    } catch (error) {
      await server.stop('SIGKILL');
      throw error;
    }
    server.exited.then(explains(() => server.explain()));
    return server;
  }

  /** A media node as a process of its own, linked to the control process at `control` (host:port). */
  static async startMedia({ control, flags = [] }) {
    const media = await freePort(10);
    return new Server(nexus, ['up', '--roles', 'media', '--control', control, '--media-port', `${media}`, ...flags]);
  }

  /** An HTTP request, also into the server's namespace: `{ status, headers, text, json }`. */
  async request(path, { method = 'GET', headers = {}, body } = {}) {
    if (this.netns) return this.#requestInside(path, { method, headers, body });
    const response = await fetch(this.url + path, { method, headers, body });
    const text = await response.text();
    return { status: response.status, headers: Object.fromEntries(response.headers), text, json: parsed(text) };
  }

  /** What it says of its rooms and what it logged last, for the message of a wait that failed. */
  async explain() {
    const { rooms } = await this.api('/rooms').catch(() => ({ rooms: [] })), lines = this.output.trimEnd().split('\n').slice(-12);
    for (const { name } of rooms.filter(room => room.numParticipants > 0)) {
      const [{ participants }, { findings }] = await Promise.all(['participants', 'why'].map(what => this.api(`/rooms/${encodeURIComponent(name)}/${what}`)));
      lines.push(`room ${name}: ${participants.map(p => `${p.identity} ${p.state} [${p.tracks.map(t => t.source)}]`).join(', ')}`);
      lines.push(...findings.filter(f => f.state !== 'flowing').map(f => `  ${f.subscriber} does not get ${f.track} of ${f.publisher}: ${f.reason}`));
    }
    const { text } = await this.request('/metrics');
    lines.push('dropped:', ...[...text.matchAll(/^nexus_dropped_packets_total\{.*reason="(\w+)"\} ([1-9]\d*)/gm)].map(([, reason, count]) => `  ${reason} ${count}`));
    return ['-- the server', ...lines].join('\n');
  }

  async #requestInside(path, { method, headers, body }) {
    const args = ['curl', '-sS', '-X', method, '-w', '\n%{http_code}', this.url + path];
    for (const [name, value] of Object.entries(headers)) args.push('-H', `${name}: ${value}`);
    if (body) args.push('--data-binary', body);
    const output = await this.netns.run(...args), cut = output.lastIndexOf('\n');
    return { status: Number(output.slice(cut + 1)), headers: {}, text: output.slice(0, cut), json: parsed(output.slice(0, cut)) };
  }

  /** What its process has in memory now. */
  residentMiB() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))[1]) / 1024;
  }

  /** An admin read below /api/v1; throws unless it answers 200. */
  async api(path) {
    const { status, text, json } = await this.request(`/api/v1${path}`, { headers: { authorization: `Bearer ${adminToken()}` } });
    if (status !== 200) throw new Error(`GET /api/v1${path}: ${status} ${text}`);
    return json;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const given = new Set(); // who asked for one may not have bound it yet

/** A number from which `span` ports (at most 10) in a row are free for UDP and TCP on loopback; never the same twice. */
export async function freePort(span = 1) {
  for (;;) {
    const first = 20000 + 10 * Math.floor(Math.random() * 1200); // below the kernel's ephemeral range
    if (given.has(first)) continue;
    given.add(first);
    const ports = Array.from({ length: span }, (_, i) => first + i);
    if ((await Promise.all(ports.flatMap(port => [tcpFree(port), udpFree(port)]))).every(Boolean)) return first;
  }
}

const tcpFree = port => new Promise(resolve => {
  const server = createServer().once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
});

const udpFree = port => new Promise(resolve => {
  const socket = createSocket('udp4').once('error', () => resolve(false));
  socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
});
