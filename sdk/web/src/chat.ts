// Chat as LiveKit's clients understand it: text streams of the topic lk.chat. The two older forms are read, too.
import type { DataLink } from './data-link.js';
import { chunkPacket, headerPacket, trailerPacket, type Content, type StreamHeader } from './data-packet.js';
import { NexusError } from './errors.js';
import type { LocalParticipant, RemoteParticipant } from './participant.js';

export interface ChatMessage {
  readonly id: string;
  /** Oneself, too. Undefined: the server, or someone hidden. */
  readonly from: RemoteParticipant | LocalParticipant | undefined;
  /** Plain text of anyone's making: show it as text, never as HTML. */
  readonly text: string;
  readonly at: Date;
}

const topic = 'lk.chat';
const olderTopic = 'lk-chat-topic';
/** Octets of one message, sent or received. */
const maxText = 32_000;
/** Octets of one chunk. */
const maxChunk = 15_000;
/** Messages of one sender that may be on their way at once. */
const maxStreams = 16;
const remembered = 500;

interface Stream {
  readonly header: StreamHeader;
  readonly sender: string;
  readonly chunks: Uint8Array[];
  length: number;
}

export class Chat {
  readonly #link: DataLink;
  readonly #self: () => LocalParticipant;
  readonly #show: (message: ChatMessage) => void;
  readonly #streams = new Map<string, Stream>();
  readonly #seen = new Set<string>();

  /** @internal */
  constructor(link: DataLink, self: () => LocalParticipant, show: (message: ChatMessage) => void) {
    this.#link = link;
    this.#self = self;
    this.#show = show;
  }

  /** Sends to everyone in the room; oneself gets it by the room's event, too. */
  async send(text: string, { to = [] }: { to?: readonly string[] } = {}): Promise<ChatMessage> {
    const octets = new TextEncoder().encode(text);
    if (octets.length > maxText) throw new NexusError('TOO_LARGE', `A chat message has ${maxText} octets at most, this one ${octets.length}.`);
    const message = { id: crypto.randomUUID(), from: this.#self(), text, at: new Date() };
    const header = { id: message.id, timestamp: message.at.getTime(), topic, length: octets.length };
    const sent = [this.#link.send(true, addressing => headerPacket(header, addressing), to)];
    for (const [index, chunk] of chunksOf(octets).entries()) {
      sent.push(this.#link.send(true, addressing => chunkPacket(message.id, index, chunk, addressing), to));
    }
    sent.push(this.#link.send(true, addressing => trailerPacket(message.id, addressing), to));
    await Promise.all(sent);
    this.#show(message);
    return message;
  }

  /** True when the content was chat, or part of it. @internal */
  take(content: Content, from: RemoteParticipant | undefined, sender: string): boolean {
    switch (content.kind) {
      case 'chat':
        this.#tell(content.id, from, sender, content.text, content.timestamp);
        return true;
      case 'user':
        if (content.topic !== olderTopic) return false;
        this.#takeOlder(content.payload, from, sender);
        return true;
      case 'header':
        if (content.topic === topic && content.isText && !content.compressed) this.#begin(content, from, sender);
        return true;
      case 'chunk': {
        const stream = this.#streams.get(keyOf(sender, content.streamId));
        if (stream && (stream.length += content.content.length) > maxText) this.#streams.delete(keyOf(sender, content.streamId));
        stream?.chunks.push(content.content);
        return true;
      }
      case 'trailer': {
        const key = keyOf(sender, content.streamId), stream = this.#streams.get(key);
        this.#streams.delete(key);
        if (stream && !content.reason) this.#tell(content.streamId, from, sender, textOf(stream.chunks), stream.header.timestamp);
        return true;
      }
    }
  }

  /** Whoever left ends no message any more. @internal */
  forget(sender: string): void {
    for (const [key, stream] of this.#streams) if (stream.sender === sender) this.#streams.delete(key);
  }

  #begin(header: StreamHeader, from: RemoteParticipant | undefined, sender: string): void {
    if (header.inline) return this.#tell(header.streamId, from, sender, textOf([header.inline]), header.timestamp);
    if ([...this.#streams.values()].filter(stream => stream.sender === sender).length >= maxStreams) return;
    this.#streams.set(keyOf(sender, header.streamId), { header, sender, chunks: [], length: 0 });
  }

  /** What clients of before text streams send; newer ones send it beside the stream, marked. */
  #takeOlder(payload: Uint8Array, from: RemoteParticipant | undefined, sender: string): void {
    try {
      const { id, timestamp, message, ignoreLegacy } = JSON.parse(textOf([payload])) as Record<string, unknown>;
      if (!ignoreLegacy && typeof message === 'string') this.#tell(String(id ?? crypto.randomUUID()), from, sender, message, Number(timestamp));
    } catch {
      // not JSON: not chat
    }
  }

  #tell(id: string, from: RemoteParticipant | undefined, sender: string, text: string, timestamp: number): void {
    const key = keyOf(sender, id);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= remembered) break;
      this.#seen.delete(oldest);
    }
    const at = new Date(timestamp);
    this.#show({ id, from, text, at: timestamp > 0 && !Number.isNaN(at.getTime()) ? at : new Date() });
  }
}

const keyOf = (sender: string, id: string): string => `${sender} ${id}`;

function textOf(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return chunks.map(chunk => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
}

/** Chunks that each end with a whole character, because receivers decode them one by one. */
function chunksOf(octets: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let from = 0, end = 0; from < octets.length; from = end) {
    end = Math.min(from + maxChunk, octets.length);
    while (end < octets.length && (octets[end]! & 0xc0) === 0x80) end--;
    chunks.push(octets.subarray(from, end));
  }
  return chunks;
}
