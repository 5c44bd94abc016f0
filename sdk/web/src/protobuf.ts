// As much of protobuf's encoding as data packets need (protobuf.dev, "Encoding").

const utf8 = new TextEncoder();

/** Writes fields; those that are empty or zero are left out, as proto3 does. */
export class ProtoWriter {
  #buffer = new Uint8Array(256);
  #length = 0;

  /** A whole number from 0 to 2^53. */
  number(field: number, value: number): this {
    return value === 0 ? this : this.#varint(field * 8).#varint(value);
  }

  bytes(field: number, content: Uint8Array): this {
    if (content.length === 0) return this;
    this.#varint(field * 8 + 2).#varint(content.length).#room(content.length);
    this.#buffer.set(content, this.#length);
    this.#length += content.length;
    return this;
  }

  string(field: number, text: string): this {
    return this.bytes(field, utf8.encode(text));
  }

  strings(field: number, texts: readonly string[]): this {
    for (const text of texts) this.string(field, text);
    return this;
  }

  /** A message, also when it is empty: that it is there says something. */
  message(field: number, content: ProtoWriter): this {
    const written = content.finish();
    return written.length ? this.bytes(field, written) : this.#varint(field * 8 + 2).#varint(0);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length);
  }

  #varint(value: number): this {
    this.#room(8);
    for (; value >= 0x80; value = Math.floor(value / 0x80)) this.#buffer[this.#length++] = value % 0x80 | 0x80;
    this.#buffer[this.#length++] = value;
    return this;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#length + more));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

/** One field as it was written: a number, or bytes of any kind. */
export interface ProtoField {
  readonly field: number;
  readonly number: number;
  readonly bytes: Uint8Array;
}

const nothing = new Uint8Array();
const text = new TextDecoder();

export const textOf = ({ bytes }: ProtoField): string => text.decode(bytes);

/** The fields of a message in their order. Throws a RangeError at what is no protobuf. */
export function* protoFields(message: Uint8Array): Generator<ProtoField> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const octet = message[at++];
      if (octet === undefined) break;
      value += (octet & 0x7f) * 2 ** (7 * i);
      if (octet < 0x80) return value;
    }
    throw new RangeError('A number has no end.');
  };
  const take = (length: number) => {
    if (length > message.length - at) throw new RangeError('A field is longer than its message.');
    return message.subarray(at, (at += length));
  };
  while (at < message.length) {
    const tag = varint(), field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0: yield { field, number: varint(), bytes: nothing }; break;
      case 1: take(8); break;
      case 2: yield { field, number: 0, bytes: take(varint()) }; break;
      case 5: take(4); break;
      default: throw new RangeError('A field has no known form.');
    }
  }
}
