// Many people without media: each a WebSocket that has joined and says now and then that it is there.
import WebSocket from 'ws';
import { adminToken, token } from './server.mjs';

const pingEveryMs = 8000;
/** Under way at once: few enough for a server that shares its cores with us. */
const atOnce = 12;

export class Crowd {
  #sockets = [];
  #pings = setInterval(() => this.#sockets.forEach(socket => socket.readyState === WebSocket.OPEN && socket.send('{"type":"ping","t":1}')), pingEveryMs);

  /** By room, the epoch that people there were told of last: it rises when a room has lost its memory. */
  epochs = new Map();

  constructor(server) {
    this.server = server;
  }

  /** Makes rooms that stay without anybody in them. */
  opens(count, nameOf) {
    const headers = { authorization: `Bearer ${adminToken()}`, 'content-type': 'application/json' };
    return this.#each(count, async i => {
      const { status, text } = await this.server.request('/api/v1/rooms', { method: 'POST', headers, body: JSON.stringify({ name: nameOf(i), emptyTimeoutSeconds: 3600 }) });
      if (status !== 201) throw new Error(`room ${nameOf(i)}: ${status} ${text}`);
    });
  }

  /** `person-00000` and so on, each into the room of its number. */
  joins(count, roomOf) {
    return this.#each(count, i => new Promise((resolve, reject) => {
      const identity = `person-${String(i).padStart(5, '0')}`, room = roomOf(i);
      const socket = new WebSocket(`${this.server.url.replace('http', 'ws')}/ws`, 'nexus.v1', { perMessageDeflate: false });
      this.#sockets.push(socket);
      socket.on('error', reject);
      socket.on('close', code => reject(new Error(`${identity} was closed with ${code}`)));
      socket.on('message', data => {
        const { epoch, roster } = JSON.parse(data);
        if (epoch ?? roster) this.epochs.set(room, epoch ?? roster.epoch);
      });
      socket.on('open', () => socket.send(JSON.stringify({ type: 'join', requestId: 1, room, token: token({ room, identity, ttl: 3600 }) })));
      socket.once('message', data => {
        const message = JSON.parse(data);
        message.type === 'joined' ? resolve() : reject(new Error(`${identity}: ${data}`));
      });
    }));
  }

  leaves() {
    clearInterval(this.#pings);
    for (const socket of this.#sockets) socket.terminate();
  }

  async #each(count, act) {
    let next = 0;
    await Promise.all(Array.from({ length: Math.min(atOnce, count) }, async () => {
      while (next < count) await act(next++);
    }));
  }
}
