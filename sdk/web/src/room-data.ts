// Data messages and chat of a room: who sent what, over one data link.
import { Chat, type ChatMessage } from './chat.js';
import type { Clock } from './clock.js';
import { DataLink } from './data-link.js';
import { DataMessage, octetsOf, type DataPayload, type SendDataOptions } from './data-message.js';
import { userPacket, type Content, type Received } from './data-packet.js';
import type { LocalParticipant, RemoteParticipant } from './participant.js';

export interface RoomDataOwner {
  self(): LocalParticipant;
  participant(sid: string): RemoteParticipant | undefined;
  mayPublish(): boolean;
  data(message: DataMessage): void;
  chat(message: ChatMessage): void;
}

/** Media and signalling are two ways: a message may be faster than the word that its sender is there. */
const waitForSender = 2000;

export class RoomData {
  readonly chat: Chat;
  readonly #owner: RoomDataOwner;
  readonly #clock: Clock;
  readonly #link: DataLink;
  readonly #early = new Map<string, (() => void)[]>();

  constructor(clock: Clock, owner: RoomDataOwner) {
    this.#clock = clock;
    this.#owner = owner;
    this.#link = new DataLink({
      mayPublish: () => owner.mayPublish(),
      received: (packet, reliable) => this.#received(packet, reliable),
    });
    this.chat = new Chat(this.#link, () => owner.self(), message => owner.chat(message));
  }

  /** The room's media connection, or its successor. */
  open(pc: RTCPeerConnection): void {
    this.#link.open(pc);
  }

  async send(payload: DataPayload, { reliable = true, to = [], topic = '' }: SendDataOptions): Promise<boolean> {
    const octets = octetsOf(payload);
    return this.#link.send(reliable, addressing => userPacket(octets, topic, addressing), to);
  }

  /** Who waits to send is told when he may not any more. */
  grantsChanged(): void {
    this.#link.wake();
  }

  arrived(sid: string): void {
    const early = this.#early.get(sid);
    this.#early.delete(sid);
    for (const tell of early ?? []) tell();
  }

  left(sid: string): void {
    this.chat.forget(sid);
  }

  close(): void {
    this.#early.clear();
    this.#link.close();
  }

  #received({ identity, sid, content }: Received, reliable: boolean): void {
    if (!content) return;
    const known = !identity || this.#owner.participant(sid) !== undefined; // who has no identity is not in the roster
    if (known) return this.#take(content, sid, reliable);
    const early = this.#early.get(sid);
    if (early) early.push(() => this.#take(content, sid, reliable));
    else {
      this.#early.set(sid, [() => this.#take(content, sid, reliable)]);
      this.#clock.after(waitForSender, () => this.arrived(sid));
    }
  }

  #take(content: Content, sid: string, reliable: boolean): void {
    const from = this.#owner.participant(sid);
    if (!this.chat.take(content, from, sid) && content.kind === 'user') {
      this.#owner.data(new DataMessage(from, content.payload, content.topic, reliable));
    }
  }
}
