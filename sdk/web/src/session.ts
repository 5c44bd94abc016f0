// One join, over as many WebSockets as it takes: requests and their replies, resume, re-join.
import { realClock, type Clock } from './clock.js';
import { Connection, type SocketFactory } from './connection.js';
import { Emitter } from './emitter.js';
import { NexusError } from './errors.js';
import type { Joined, Leave, Notice, Push, ReplyTo, Request, Resumed, ServerMessage } from './protocol.js';
import { connected, reconnect, type Reconnection, type ReconnectEvent } from './reconnect.js';
import { version } from './version.js';

export type TokenSource = string | (() => string | Promise<string>);

export interface SessionOptions {
  /** `ws:` or `wss:` URL of the gateway's `/ws`. */
  url: string;
  room: string | undefined;
  token: TokenSource;
  region: string | undefined;
  autoSubscribe: boolean;
  attributes: Record<string, string> | undefined;
  /** Milliseconds of failed tries after which it gives up. */
  giveUpAfter: number;
  clock?: Clock;
  open?: SocketFactory;
  platform?: string;
}

interface Events {
  push: [message: Push];
  /** The same session on a new connection. */
  resumed: [message: Resumed];
  /** A new session: everything negotiated before is gone. */
  rejoined: [message: Joined];
  state: [state: 'connected' | 'reconnecting' | 'ended', why: NexusError | undefined];
}

interface Pending {
  readonly message: Request & { requestId: number };
  readonly resolve: (reply: never) => void;
  readonly reject: (error: NexusError) => void;
  cancelTimer: () => void;
}

/** A reply takes no longer. Runs only while connected. */
const replyWithin = 15_000;

export class Session extends Emitter<Events> {
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #connection: Connection | undefined;
  #joined: Joined | undefined;
  #state: Reconnection = connected;
  #position: () => { epoch: number; seq: number } = () => ({ epoch: 0, seq: 0 });
  /** Where it joins, and with which token: the server's word once it moved this participant. */
  #room: string | undefined;
  #token: TokenSource;
  #nextId = 1;
  #cancelRetry = () => {};

  constructor(options: SessionOptions) {
    super();
    this.#options = options;
    [this.#room, this.#token] = [options.room, options.token];
    this.#clock = options.clock ?? realClock;
  }

  /** Joins; fails at once when the server cannot be reached or refuses. */
  async join(): Promise<Joined> {
    try {
      return await this.#enter('rejoin') as Joined;
    } catch (error) {
      this.#state = { ...this.#state, phase: 'ended' };
      this.#connection?.close();
      throw error;
    }
  }

  /** Says where a resume goes on: the last delta that was applied. */
  resumeFrom(position: () => { epoch: number; seq: number }): void {
    this.#position = position;
  }

  get state(): 'connected' | 'reconnecting' | 'ended' {
    return this.#state.phase === 'connected' || this.#state.phase === 'ended' ? this.#state.phase : 'reconnecting';
  }

  /**
   * Resolves with the reply. When the connection breaks meanwhile, the request is sent again after the resume: requests
   * carry state, so twice does no harm. Only an invitation is not repeated.
   */
  request<T extends Request>(message: T): Promise<ReplyTo<T>> {
    if (this.#state.phase === 'ended') return Promise.reject(new NexusError('ENDED', 'The room was left.'));
    return this.#ask(message, this.#state.phase === 'connected');
  }

  /** Sends what needs no reply; lost while there is no connection. */
  notify(message: Notice): void {
    if (this.#state.phase === 'connected') this.#connection?.send(message);
  }

  /** The browser is on another network, or on one again: a connection that does not answer at once is dead. */
  networkChanged(): void {
    this.probe();
    this.#apply({ type: 'online' });
  }

  /** Finds out soon whether the connection still stands. */
  probe(): void {
    this.#connection?.probe();
  }

  /** Gives the session up for a new one: its media connection cannot be had any more. */
  rejoin(): void {
    this.#connection?.close();
    this.#apply({ type: 'leave', then: 'rejoin', code: 'NO_ICE' });
  }

  /** Leaves for a reason of the client's own. */
  fail(why: NexusError): void {
    this.#connection?.send({ type: 'leave', reason: why.code });
    this.#apply({ type: 'leave', then: 'stop', code: why.code }, why.message);
  }

  leave(): void {
    if (this.#state.phase === 'ended') return;
    this.#connection?.send({ type: 'leave' });
    this.#apply({ type: 'leave', then: 'stop', code: 'CLIENT_LEFT' });
  }

  async #enter(mode: 'resume' | 'rejoin'): Promise<Joined | Resumed> {
    const { autoSubscribe, attributes, platform } = this.#options, room = this.#room, token = this.#token;
    const bearer = await (typeof token === 'function' ? token() : token);
    await this.#open();
    const entered = await (mode === 'resume'
      ? this.#ask({ type: 'resume', session: this.#joined!.session, room: this.#joined!.room.name, token: bearer, ...this.#position() })
      : this.#ask({
        type: 'join', ...(room !== undefined && { room }), token: bearer, autoSubscribe, ...(attributes && { attributes }),
        client: { sdk: '@nexus-rtc/web', version, ...(platform && { platform }) },
      }));
    if (entered.type === 'joined') this.#joined = entered;
    this.#connection!.keepAlive(this.#joined!.pingIntervalSeconds * 1000);
    return entered;
  }

  #open(): Promise<void> {
    const { url, region, open = browserSocket } = this.#options;
    const target = new URL(url);
    if (region) target.searchParams.set('region', region);
    return new Promise((resolve, reject) => {
      const connection = new Connection(target.href, open, this.#clock, {
        opened: resolve,
        received: message => this.#receive(message),
        closed: code => {
          reject(connectionError(code));
          if (connection === this.#connection) this.#closed(code);
        },
      });
      this.#connection = connection;
    });
  }

  #ask<T extends Request>(message: T, send = true): Promise<ReplyTo<T>> {
    const requestId = this.#nextId++;
    return new Promise((resolve, reject) => {
      const pending: Pending = { message: { ...message, requestId }, resolve, reject, cancelTimer: () => {} };
      this.#pending.set(requestId, pending);
      if (send) this.#send(pending);
    });
  }

  #send(pending: Pending): void {
    const { message } = pending;
    pending.cancelTimer();
    pending.cancelTimer = this.#clock.after(replyWithin, () =>
      this.#settle(message.requestId)?.reject(new NexusError('TIMEOUT', `The server did not answer '${message.type}' in time.`)));
    this.#connection!.send(message);
  }

  #settle(requestId: number | undefined): Pending | undefined {
    const pending = this.#pending.get(requestId ?? 0);
    pending?.cancelTimer();
    this.#pending.delete(requestId ?? 0);
    return pending;
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'error':
        this.#settle(message.requestId)?.reject(new NexusError(message.code, message.message));
        break;
      case 'leave':
        this.#left(message);
        break;
      case 'joined': case 'resumed': case 'answer': case 'snapshot': case 'ice-servers': case 'ok':
        this.#settle(message.requestId)?.resolve(message as never);
        break;
      case 'call':
        this.#settle(message.requestId)?.resolve(message as never);
        this.emit('push', message);
        break;
      case 'delta': case 'sections': case 'grants': case 'demands': case 'subscriptions': case 'quality': case 'speakers': case 'candidate':
        this.emit('push', message);
        break;
    }
  }

  #left({ then, code, message, room, token }: Leave): void {
    if (room !== undefined && token !== undefined) [this.#room, this.#token] = [room, token];
    this.#connection?.close();
    this.#rejectEntry(new NexusError(code, message));
    this.#apply({ type: 'leave', then, code }, message);
  }

  /** The connection broke, in whichever phase. */
  #closed(code: string): void {
    this.#rejectEntry(connectionError(code));
    for (const [id, { message: { type }, cancelTimer }] of this.#pending) {
      if (type === 'invite') this.#settle(id)!.reject(connectionError(code));
      else cancelTimer();
    }
    if (this.#state.phase === 'connected' && this.#joined) this.#apply({ type: 'lost' });
  }

  #apply(event: ReconnectEvent, message?: string): void {
    const before = this.state;
    this.#state = reconnect(this.#state, event, this.#clock.now(), { giveUpAfter: this.#options.giveUpAfter, random: () => this.#clock.random() });
    this.#cancelRetry();
    const { phase, retryAt, code } = this.#state;
    if (phase === 'waiting') this.#cancelRetry = this.#clock.after(Math.max(0, retryAt - this.#clock.now()), () => this.#apply({ type: 'due' }));
    if (phase === 'trying' && event.type === 'due') void this.#retry(this.#state.mode);
    if (phase === 'ended') this.#end(new NexusError(code!, message ?? reasonOf(code!)), before);
    else if (this.state !== before) this.emit('state', this.state, undefined);
  }

  async #retry(mode: 'resume' | 'rejoin'): Promise<void> {
    try {
      const entered = await this.#enter(mode);
      if (this.#state.phase !== 'trying') return;
      this.#apply({ type: 'succeeded' });
      if (entered.type === 'resumed') this.#resumed(entered);
      else this.#rejoined(entered);
    } catch (error) {
      if (this.#state.phase !== 'trying') return;
      this.#connection?.close();
      const { code, message } = error instanceof NexusError ? error : new NexusError('CONNECT_FAILED', String(error));
      this.#apply({ type: 'failed', code }, message);
    }
  }

  #resumed(message: Resumed): void {
    const unanswered = [...this.#pending.values()];
    this.emit('resumed', message);
    for (const pending of unanswered) this.#send(pending);
  }

  #rejoined(message: Joined): void {
    this.#rejectAll(new NexusError('ENDED', 'The session was replaced by a new one.'));
    this.emit('rejoined', message);
  }

  #end(why: NexusError, before: string): void {
    this.#connection?.close();
    this.#rejectAll(why);
    if (before !== 'ended') this.emit('state', 'ended', why);
  }

  /** The try to join or to resume is over. */
  #rejectEntry(error: NexusError): void {
    for (const [id, { message: { type } }] of this.#pending) {
      if (type === 'join' || type === 'resume') this.#settle(id)!.reject(error);
    }
  }

  #rejectAll(error: NexusError): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id)!.reject(error);
  }
}

const browserSocket: SocketFactory = (url, protocol) => new WebSocket(url, protocol) as never;

function connectionError(code: string): NexusError {
  return new NexusError(code, reasonOf(code));
}

/** For ends that come without a message of the server's. */
function reasonOf(code: string): string {
  switch (code) {
    case 'CLIENT_LEFT': return 'You left the room.';
    case 'CONNECT_FAILED': return 'The server cannot be reached.';
    case 'CONNECTION_LOST': return 'The connection was lost and could not be brought back.';
    case 'SESSION_SUPERSEDED': return 'The session went on in another connection.';
    default: return `The server closed the connection: ${code}.`;
  }
}
