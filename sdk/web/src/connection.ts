// One WebSocket: frames in and out, and the word when it is dead. Knows nothing of requests or sessions.
import { every, type Clock } from './clock.js';
import type { ServerMessage } from './protocol.js';

/** The part of the browser's WebSocket that is used. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export type SocketFactory = (url: string, protocol: string) => Socket;

export interface ConnectionHandler {
  opened(): void;
  received(message: ServerMessage): void;
  /** Once, whatever the cause. `code` is one of docs/protocol.md or `CONNECTION_LOST`. */
  closed(code: string): void;
}

/** How long the WebSocket may take to open. */
const openWithin = 10_000;
/** How long an answer may take when the network has changed. */
const probeWithin = 1000;

export class Connection {
  readonly #clock: Clock;
  readonly #handler: ConnectionHandler;
  readonly #socket: Socket;
  #heardAt: number;
  #frames = 0;
  #opened = false;
  #over = false;
  #stopWatch: () => void;

  constructor(url: string, open: SocketFactory, clock: Clock, handler: ConnectionHandler) {
    this.#clock = clock;
    this.#handler = handler;
    this.#heardAt = clock.now();
    this.#socket = open(url, 'nexus.v1');
    this.#socket.onopen = () => {
      this.#stopWatch();
      this.#heardAt = clock.now();
      this.#opened = true;
      handler.opened();
    };
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onclose = ({ reason }) => this.#end(/^[A-Z][A-Z0-9_]*$/.test(reason) ? reason : 'CONNECTION_LOST');
    this.#socket.onerror = () => this.#end('CONNECT_FAILED');
    this.#stopWatch = clock.after(openWithin, () => this.#end('CONNECT_FAILED'));
  }

  /** Starts to ping; the connection is dead when nothing was heard for three intervals. */
  keepAlive(intervalMs: number): void {
    this.#stopWatch();
    this.#stopWatch = every(this.#clock, intervalMs, () => {
      if (this.#clock.now() - this.#heardAt >= 3 * intervalMs) this.#end('TIMEOUT');
      else this.#ping();
    });
  }

  /** Finds out soon whether the connection still stands. */
  probe(): void {
    const frames = this.#frames;
    this.#ping();
    this.#clock.after(probeWithin, () => this.#frames === frames && this.#end('TIMEOUT'));
  }

  send(message: object): void {
    if (this.#opened && !this.#over) this.#socket.send(JSON.stringify(message));
  }

  /** Closes without a word to the handler. */
  close(): void {
    this.#release();
  }

  #ping(): void {
    this.send({ type: 'ping', t: Math.round(this.#clock.now()) });
  }

  #take(data: unknown): void {
    this.#frames++;
    this.#heardAt = this.#clock.now();
    if (typeof data === 'string') this.#handler.received(JSON.parse(data) as ServerMessage);
  }

  #end(code: string): void {
    if (this.#over) return;
    this.#release();
    this.#handler.closed(code);
  }

  #release(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopWatch();
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = this.#socket.onerror = null;
    this.#socket.close(1000);
  }
}
