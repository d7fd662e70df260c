import { InputError } from "@retool-ts/core";

/** A value of a GGUF file's metadata. */
export type GgufValue = number | boolean | string | readonly GgufValue[];

/** Thrown when the header goes on beyond the bytes that were read. */
export class NeedsMoreBytes extends Error {}

const [STRING, ARRAY] = [8, 9];

/** Bytes of each kind of value, at least; by the kind's number. */
const LEAST_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8];

/** Items of all lists of a header; the largest vocabularies, with scores and merges, have a third of it. */
const MOST_ITEMS = 2 ** 22;

/** Reads the little-endian values of a GGUF header one after another, and no further than the file goes. */
export class GgufCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fileBytes: number;
  readonly #where: string;
  readonly #text = new TextDecoder("utf-8", { ignoreBOM: true }); // a token may be U+FEFF
  position = 0;
  #items = 0;

  /** @param bytes - the beginning of a file of `fileBytes` bytes */
  constructor(bytes: Uint8Array, fileBytes: number, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#fileBytes = fileBytes;
    this.#where = where;
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  /** A 64-bit count or offset that a number holds exactly. */
  u64(what: string): number {
    const value = this.#view.getBigUint64(this.#take(8, what), true);
    if (value > Number.MAX_SAFE_INTEGER) throw malformedGguf(`${this.#where}: ${what}`, "a number below 2^53", String(value));
    return Number(value);
  }

  /** The number of items that follow, each of at least so many bytes. */
  count(what: string, leastBytes: number): number {
    const count = this.u64(what);
    const most = Math.floor((this.#fileBytes - this.position) / leastBytes);
    if (count > most) throw malformedGguf(`${this.#where}: ${what}`, `at most ${most}, for which the file has room`, String(count));
    return count;
  }

  string(what: string): string {
    const length = this.count(what, 1);
    const start = this.#take(length, what);
    return this.#text.decode(this.#bytes.subarray(start, start + length));
  }

  value(what: string): GgufValue {
    return this.#valueOf(this.u32(what), what, 0);
  }

  #valueOf(kind: number, what: string, depth: number): GgufValue {
    const leastBytes = LEAST_BYTES[kind];
    if (leastBytes === undefined || depth > 2) throw malformedGguf(`${this.#where}: ${what}`, "a known kind of value", `kind ${kind}`);
    if (kind === STRING) return this.string(what);
    if (kind !== ARRAY) return this.#scalar(kind, this.#take(leastBytes, what));
    const itemKind = this.u32(what);
    const count = this.count(what, LEAST_BYTES[itemKind] ?? 1);
    this.#items += count;
    if (this.#items > MOST_ITEMS)
      throw malformedGguf(`${this.#where}: ${what}`, `at most ${MOST_ITEMS} items in all lists`, `${this.#items}`);
    const items: GgufValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.#valueOf(itemKind, what, depth + 1));
    return items;
  }

  #scalar(kind: number, at: number): number | boolean {
    const view = this.#view;
    switch (kind) {
      case 0:
        return view.getUint8(at);
      case 1:
        return view.getInt8(at);
      case 2:
        return view.getUint16(at, true);
      case 3:
        return view.getInt16(at, true);
      case 4:
        return view.getUint32(at, true);
      case 5:
        return view.getInt32(at, true);
      case 6:
        return view.getFloat32(at, true);
      case 7:
        return view.getUint8(at) !== 0;
      case 10:
        return Number(view.getBigUint64(at, true));
      case 11:
        return Number(view.getBigInt64(at, true));
      default:
        return view.getFloat64(at, true);
    }
  }

  #take(count: number, what: string): number {
    const start = this.position;
    if (start + count > this.#fileBytes) {
      throw malformedGguf(
        `${this.#where}: ${what}`,
        `${count} bytes from byte ${start} on`,
        `the end of the file at byte ${this.#fileBytes}`,
      );
    }
    if (start + count > this.#bytes.length) throw new NeedsMoreBytes();
    this.position = start + count;
    return start;
  }
}

/** The error of a GGUF file that is not one. */
export function malformedGguf(where: string, expected: string, found: string): InputError {
  return new InputError({ what: "GGUF file", where, expected, found, fix: "copy or download the file again" });
}
