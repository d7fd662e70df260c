/** Reads the binary format of WebAssembly (https://webassembly.github.io/spec/core/binary/). */
export class WasmReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error("WebAssembly: the module ends too soon");
    return byte;
  }

  /** An unsigned number of at most 32 bits, in LEB128. */
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  /** Passes over a number in LEB128, of any width and sign. */
  skipNumber(): void {
    while (this.byte() >= 128);
  }

  skipNumbers(count: number): void {
    for (let i = 0; i < count; i++) this.skipNumber();
  }

  /** Passes over a name or another run of bytes with its length before it. */
  skipBytes(): void {
    const length = this.u32();
    this.at += length;
  }
}

/** Bytes that are written one after the other. */
export class WasmWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  push(...bytes: readonly number[]): this {
    this.#reserve(bytes.length);
    for (const byte of bytes) this.#bytes[this.#length++] = byte;
    return this;
  }

  copy(bytes: Uint8Array, from: number, to: number): this {
    this.#reserve(to - from);
    this.#bytes.set(bytes.subarray(from, to), this.#length);
    this.#length += to - from;
    return this;
  }

  /** Another writer's bytes with their length before them, as bodies and sections have it. */
  sized(part: WasmWriter): this {
    return this.push(...leb(part.#length)).copy(part.#bytes, 0, part.#length);
  }

  append(part: WasmWriter): this {
    return this.copy(part.#bytes, 0, part.#length);
  }

  taken(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  clear(): this {
    this.#length = 0;
    return this;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + count));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** A number that is not negative in LEB128. */
export function leb(value: number, isSigned = false): number[] {
  const bytes: number[] = [];
  for (let rest = value; ;) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    if (rest === 0 && !(isSigned && low >= 64)) return [...bytes, low];
    bytes.push(low | 128);
  }
}
