// A real coturn with deploy/coturn/turnserver.conf: what CHANGE marks there is changed for loopback, the rest is as deployed.
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from './certificate.mjs';
import { Process } from './server.mjs';

const deployed = new URL('../../../deploy/coturn/turnserver.conf', import.meta.url);
/** The user of Debian's package: rules tell its packets from those of others by it. */
export const turnUser = 'turnserver';
export const turnSecret = 'a secret of the test';

export class TurnServer extends Process {
  /** Starts it inside and resolves when it listens. */
  static async start({ netns }) {
    const folder = mkdtempSync(join(tmpdir(), 'nexus-turn-')), file = name => join(folder, name);
    const { cert, key, chromiumFlags } = makeCertificate(folder, '127.0.0.1');
    const changes = { 'static-auth-secret': turnSecret, 'allowed-peer-ip': '127.0.0.1', cert, pkey: key };
    const own = ['listening-ip=127.0.0.1', 'relay-ip=127.0.0.1', 'allow-loopback-peers', `pidfile=${file('pid')}`, `userdb=${file('db')}`];
    const lines = readFileSync(deployed, 'utf8').split('\n').map(line => {
      const [name] = line.split('=');
      return name in changes ? `${name}=${changes[name]}` : line;
    });
    writeFileSync(file('turnserver.conf'), [...lines, ...own, ''].join('\n'));
    execFileSync('chown', ['-R', turnUser, folder]);
    await netns.run('sysctl', '-qw', 'net.ipv4.ip_unprivileged_port_start=0');
    const [command, ...args] = netns.inside('setpriv', `--reuid=${turnUser}`, `--regid=${turnUser}`, '--clear-groups',
      'turnserver', '--verbose', '-c', file('turnserver.conf'));
    const turn = new TurnServer(command, args);
    turn.chromiumFlags = chromiumFlags;
    turn.exited.then(() => rmSync(folder, { recursive: true, force: true }));
    // It says so of each listener when it is verbose; TLS on 443 comes last.
    await turn.says(/TLS\S* listener opened on\s*:\s*127\.0\.0\.1:443/, 10).catch(async error => {
      await turn.stop('SIGKILL');
      throw error;
    });
    return turn;
  }
}

/** Credentials as Nexus makes them, for what it never makes: `expiresIn` seconds may be negative. */
export function turnCredentials({ expiresIn = 60, secret = turnSecret } = {}) {
  const username = `${Math.floor(Date.now() / 1000) + expiresIn}:by-hand`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}
