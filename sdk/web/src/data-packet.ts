// The envelope of all data messages and what we read of its content: LiveKit's DataPacket (livekit_models.proto).
import { ProtoWriter, protoFields, textOf, type ProtoField } from './protobuf.js';

/** Octets of the longest packet that the server takes. */
export const maxPacket = 64_000;

export interface UserContent {
  readonly kind: 'user';
  readonly payload: Uint8Array;
  readonly topic: string;
}

/** The older form of a chat message. */
export interface ChatContent {
  readonly kind: 'chat';
  readonly id: string;
  readonly timestamp: number;
  readonly text: string;
}

/** A stream begins: text or bytes that come in chunks. */
export interface StreamHeader {
  readonly kind: 'header';
  readonly streamId: string;
  readonly timestamp: number;
  readonly topic: string;
  readonly isText: boolean;
  /** All of it at once, without chunks. */
  readonly inline: Uint8Array | undefined;
  readonly compressed: boolean;
}

export interface StreamChunk {
  readonly kind: 'chunk';
  readonly streamId: string;
  readonly content: Uint8Array;
}

export interface StreamTrailer {
  readonly kind: 'trailer';
  readonly streamId: string;
  /** Empty when it ended as it should. */
  readonly reason: string;
}

export type Content = UserContent | ChatContent | StreamHeader | StreamChunk | StreamTrailer;

/** What the server says of a reliable message that was sent. */
export interface Receipt {
  readonly sequence: number;
  /** The code of the refusal; empty when the message was taken. */
  readonly refusal: string;
}

export interface Received {
  /** Of the sender; empty for the server. */
  readonly identity: string;
  readonly sid: string;
  /** Undefined: of a kind that is not ours to read. */
  readonly content: Content | undefined;
  readonly receipt: Receipt | undefined;
}

export interface Addressing {
  readonly to: readonly string[];
  /** Number of a reliable packet; 0 for lossy ones. */
  readonly sequence: number;
}

/** A packet around content that is encoded already, as the field of that number. Of a reliable one the server is to say what becomes of it. */
function packet(field: number, content: ProtoWriter, { to, sequence }: Addressing): Uint8Array<ArrayBuffer> {
  return new ProtoWriter().number(1, sequence ? 0 : 1).message(field, content).strings(5, to).number(16, sequence).number(1000, sequence ? 1 : 0).finish();
}

export function userPacket(payload: Uint8Array, topic: string, addressing: Addressing): Uint8Array<ArrayBuffer> {
  return packet(2, new ProtoWriter().bytes(2, payload).string(4, topic), addressing);
}

export function headerPacket(stream: { id: string; timestamp: number; topic: string; length: number }, addressing: Addressing): Uint8Array<ArrayBuffer> {
  return packet(13, new ProtoWriter()
    .string(1, stream.id).number(2, stream.timestamp).string(3, stream.topic).string(4, 'text/plain').number(5, stream.length)
    .message(9, new ProtoWriter()), addressing);
}

export function chunkPacket(streamId: string, index: number, content: Uint8Array, addressing: Addressing): Uint8Array<ArrayBuffer> {
  return packet(14, new ProtoWriter().string(1, streamId).number(2, index).bytes(3, content), addressing);
}

export function trailerPacket(streamId: string, addressing: Addressing): Uint8Array<ArrayBuffer> {
  return packet(15, new ProtoWriter().string(1, streamId), addressing);
}

/** Undefined when it is no packet. */
export function readPacket(bytes: Uint8Array): Received | undefined {
  let identity = '', sid = '', content: Content | undefined, receipt: Receipt | undefined;
  try {
    for (const field of protoFields(bytes)) {
      switch (field.field) {
        case 2: content = readUser(field); break;
        case 4: identity = textOf(field); break;
        case 9: content = readChat(field); break;
        case 13: content = readHeader(field); break;
        case 14: content = readChunk(field); break;
        case 15: content = readTrailer(field); break;
        case 17: sid = textOf(field); break;
        case 1001: receipt = readReceipt(field); break;
      }
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return { identity, sid, content, receipt };
}

function readReceipt(packet: ProtoField): Receipt {
  let sequence = 0, refusal = '';
  for (const field of protoFields(packet.bytes)) {
    if (field.field === 1) sequence = field.number;
    if (field.field === 2) refusal = textOf(field);
  }
  return { sequence, refusal };
}

function readUser(packet: ProtoField): UserContent {
  let payload = new Uint8Array() as Uint8Array, topic = '';
  for (const field of protoFields(packet.bytes)) {
    if (field.field === 2) payload = field.bytes;
    if (field.field === 4) topic = textOf(field);
  }
  return { kind: 'user', payload, topic };
}

function readChat(packet: ProtoField): ChatContent | undefined {
  let id = '', timestamp = 0, text = '', deleted = false;
  for (const field of protoFields(packet.bytes)) {
    if (field.field === 1) id = textOf(field);
    if (field.field === 2) timestamp = field.number;
    if (field.field === 4) text = textOf(field);
    if (field.field === 5) deleted = field.number !== 0;
  }
  return deleted ? undefined : { kind: 'chat', id, timestamp, text };
}

function readHeader(packet: ProtoField): StreamHeader {
  let streamId = '', timestamp = 0, topic = '', isText = false, inline: Uint8Array | undefined, compressed = false;
  for (const field of protoFields(packet.bytes)) {
    if (field.field === 1) streamId = textOf(field);
    if (field.field === 2) timestamp = field.number;
    if (field.field === 3) topic = textOf(field);
    if (field.field === 9) isText = true;
    if (field.field === 11) inline = field.bytes;
    if (field.field === 12) compressed = field.number !== 0;
  }
  return { kind: 'header', streamId, timestamp, topic, isText, inline, compressed };
}

function readChunk(packet: ProtoField): StreamChunk {
  let streamId = '', content = new Uint8Array() as Uint8Array;
  for (const field of protoFields(packet.bytes)) {
    if (field.field === 1) streamId = textOf(field);
    if (field.field === 3) content = field.bytes;
  }
  return { kind: 'chunk', streamId, content };
}

function readTrailer(packet: ProtoField): StreamTrailer {
  let streamId = '', reason = '';
  for (const field of protoFields(packet.bytes)) {
    if (field.field === 1) streamId = textOf(field);
    if (field.field === 2) reason = textOf(field);
  }
  return { kind: 'trailer', streamId, reason };
}
