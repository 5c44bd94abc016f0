// A long way with jitter, in order: node delay.mjs LISTEN-HOST:PORT SERVER-HOST:PORT DELAY-MS JITTER-MS
// relays UDP; what the server sends comes later by the delay, more or less by up to the jitter.
import { createSocket } from 'node:dgram';

const [listen, server, delay, jitter] = process.argv.slice(2);
const [[listenHost, listenPort], [serverHost, serverPort]] = [listen, server].map(address => address.split(':'));
const clients = new Map();

/** Hands `packet`s to `deliver` later, none before the one in front of it. */
function way(deliver) {
  const waiting = [];
  let last = 0, timer;
  const flush = () => {
    for (const now = performance.now(); waiting.length && waiting[0].at <= now;) deliver(waiting.shift().packet);
    timer = waiting.length ? setTimeout(flush, Math.max(1, waiting[0].at - performance.now())) : undefined;
  };
  return packet => {
    const at = performance.now() + Number(delay) + (2 * Math.random() - 1) * Number(jitter);
    waiting.push({ at: last = Math.max(last, at), packet });
    timer ??= setTimeout(flush, Math.max(1, at - performance.now()));
  };
}

const front = createSocket('udp4');
front.on('message', (packet, { address, port }) => {
  const key = `${address}:${port}`;
  if (!clients.has(key)) {
    const back = createSocket('udp4'), later = way(packet => front.send(packet, port, address));
    back.on('message', later);
    clients.set(key, back);
  }
  clients.get(key).send(packet, Number(serverPort), serverHost);
});
front.bind(Number(listenPort), listenHost, () => console.log('ready'));
