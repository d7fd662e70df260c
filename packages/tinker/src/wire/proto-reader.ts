import { WireError } from "./wire-error.js";

const text = new TextDecoder("utf-8", { fatal: true });
const WORD = 2 ** 32;

/** A field as it stands: numbers of types 0, 1 and 5 are values, type 2 is bytes. */
export type ProtoField = { readonly number: number } & (
  | { readonly value: number; readonly bytes?: never }
  | { readonly bytes: Uint8Array; readonly value?: never }
);

/**
 * Splits a message in the wire format of protocol buffers into its fields, in their order. Bytes are views into the message.
 *
 * @throws WireError when the bytes end in a field, or have what protocol buffers do not.
 */
export function readFields(message: Uint8Array): ProtoField[] {
  const cursor = new Cursor(message);
  const fields: ProtoField[] = [];
  while (!cursor.done) {
    const key = cursor.varint();
    const number = Math.floor(key / 8);
    if (number === 0) throw new WireError("a field has the number 0");
    fields.push(readField(cursor, number, key % 8));
  }
  return fields;
}

function readField(cursor: Cursor, number: number, type: number): ProtoField {
  switch (type) {
    case 0:
      return { number, value: cursor.varint() };
    case 1:
      return { number, value: cursor.double() };
    case 2:
      return { number, bytes: cursor.bytes(cursor.varint()) };
    case 5:
      return { number, value: cursor.float() };
    default:
      throw new WireError(`field ${number} has the wire type ${type}`);
  }
}

/** The last value of a number field, or its default. */
export function numberOf(fields: readonly ProtoField[], number: number, absent = 0): number {
  const field = fields.findLast((candidate) => candidate.number === number);
  if (field === undefined) return absent;
  if (field.value === undefined) throw new WireError(`field ${number} is no number`);
  return field.value;
}

/** The last value of a field of bytes; undefined where it is absent. */
export function bytesOf(fields: readonly ProtoField[], number: number): Uint8Array | undefined {
  return allBytes(fields, number).at(-1);
}

/** Every value of a repeated field of bytes or messages. */
export function allBytes(fields: readonly ProtoField[], number: number): Uint8Array[] {
  return fields.filter((field) => field.number === number).map((field) => bytesIn(field));
}

function bytesIn({ number, bytes }: ProtoField): Uint8Array {
  if (bytes === undefined) throw new WireError(`field ${number} is a number, not bytes`);
  return bytes;
}

/** Text of a field; empty where it is absent. */
export function textOf(fields: readonly ProtoField[], number: number): string {
  return decodeText(bytesOf(fields, number) ?? new Uint8Array());
}

function decodeText(bytes: Uint8Array): string {
  try {
    return text.decode(bytes);
  } catch (error) {
    throw new WireError("a string is no UTF-8", { cause: error });
  }
}

/** Repeated integers, packed or one field each. */
export function integersOf(fields: readonly ProtoField[], number: number): number[] {
  const values: number[] = [];
  for (const field of fields) {
    if (field.number !== number) continue;
    if (field.value !== undefined) values.push(field.value);
    else for (const cursor = new Cursor(bytesIn(field)); !cursor.done;) values.push(cursor.varint());
  }
  return values;
}

class Cursor {
  readonly #view: DataView;
  readonly #message: Uint8Array;
  #at = 0;

  constructor(message: Uint8Array) {
    this.#message = message;
    this.#view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#message.length;
  }

  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#message.subarray(start, start + length);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  /** A signed 64-bit integer; beyond 2^53 the nearest double. */
  varint(): number {
    let low = 0;
    let high = 0;
    for (let group = 0; group < 10; group++) {
      const byte = this.#message[this.#take(1)]!;
      const bits = byte & 127;
      const shift = 7 * group;
      if (shift < 32) low |= bits << shift;
      if (shift > 32) high |= bits << (shift - 32);
      else if (shift > 25) high |= bits >>> (32 - shift);
      if (byte < 128) return (high | 0) * WORD + (low >>> 0);
    }
    throw new WireError("an integer is longer than 10 bytes");
  }

  #take(length: number): number {
    const start = this.#at;
    if (length < 0 || start + length > this.#message.length) throw new WireError("the message ends in the middle of a field");
    this.#at += length;
    return start;
  }
}
