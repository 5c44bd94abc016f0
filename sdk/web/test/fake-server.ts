// A gateway of a few lines: takes what the client sends, checks it against the schema, answers what the test says.
import assert from 'node:assert/strict';
import type { Socket } from '../src/connection.js';
import type { Grants, Joined, ParticipantInfo, ServerMessage } from '../src/protocol.js';
import { faults } from './schema.js';

export interface Received {
  type: string;
  requestId?: number;
  [field: string]: unknown;
}

type Answer = (message: Received, socket: FakeSocket) => ServerMessage | undefined;

export class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly received: Received[] = [];
  closed = false;

  constructor(
    readonly url: string,
    private readonly answer: Answer,
  ) {}

  send(text: string): void {
    const message = JSON.parse(text) as Received;
    assert.equal(faults('ClientMessage', message), '', text);
    this.received.push(message);
    const reply = this.answer(message, this);
    if (reply) queueMicrotask(() => this.says(reply));
  }

  close(): void {
    this.closed = true;
  }

  /** The server sends. */
  says(message: ServerMessage): void {
    assert.equal(faults('ServerMessage', message), '', JSON.stringify(message));
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** The connection breaks, or the server closes it. */
  breaks(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason });
  }
}

export const participant = (name: string, more: Partial<ParticipantInfo> = {}): ParticipantInfo => ({
  sid: `PA_${name}`, identity: name, name, state: 'active', joinedAt: '2026-11-21T12:00:00Z', metadata: '', attributes: {}, tracks: [], ...more,
});

export const allGrants: Grants = { canPublish: true, canSubscribe: true, canPublishData: true, canPublishSources: [], canUpdateOwnMetadata: true, hidden: false };

export const joined = (requestId: number, more: Partial<Joined> = {}): Joined => ({
  type: 'joined', requestId, session: 'SE_first', participant: participant('me'), room: { sid: 'RM_lobby', name: 'lobby', metadata: '', locked: false },
  roster: { epoch: 1, to: 1, participants: [participant('me')] }, sections: { audio: 1, video: 1 }, iceServers: [],
  grants: allGrants,
  node: 'ND_0', region: 'local', pingIntervalSeconds: 5, graceSeconds: 15, server: 'fake', ...more,
});

export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  /** Whether connections come about. */
  up = true;
  /** Answers that differ from the usual ones, by type. */
  readonly answers: Record<string, (message: Received) => ServerMessage | undefined> = {};

  readonly open = (url: string): Socket => {
    const socket = new FakeSocket(url, message => this.#answer(message));
    this.sockets.push(socket);
    queueMicrotask(() => (this.up ? socket.onopen?.() : socket.onerror?.()));
    return socket;
  };

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  #answer(message: Received): ServerMessage | undefined {
    const requestId = message.requestId!;
    const special = this.answers[message.type];
    if (special) return special(message);
    switch (message.type) {
      case 'join':
        return joined(requestId);
      case 'resume':
        return { type: 'resumed', requestId, subscriptions: [], sections: { audio: 1, video: 1 }, iceServers: [], offerId: 0, grants: allGrants, node: 'ND_0', region: 'local' };
      case 'ping':
        return { type: 'pong', t: message.t as number };
      case 'offer':
        return { type: 'answer', requestId, id: message.id as number, sdp: 'v=0', published: {} };
      case 'ack': case 'candidate': case 'quality-report': case 'leave':
        return undefined;
      default:
        return { type: 'ok', requestId };
    }
  }
}
