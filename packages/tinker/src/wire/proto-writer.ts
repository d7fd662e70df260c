const utf8 = new TextEncoder();
const WORD = 2 ** 32;

/** Writes a message in the wire format of protocol buffers: fields are parts, which {@link ProtoWriter.bytes} joins once. */
export class ProtoWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Joins the fields that were written. */
  bytes(): Uint8Array {
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  /** Writes an integer; 0 is the default of proto3 and left out, unless `always`. */
  int(field: number, value: number, always = false): this {
    if (value === 0 && !always) return this;
    return this.#push(varint((field << 3) | 0)).#push(varint(value));
  }

  double(field: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.#push(varint((field << 3) | 1)).#push(bytes);
  }

  blob(field: number, bytes: Uint8Array): this {
    return this.#push(varint((field << 3) | 2))
      .#push(varint(bytes.length))
      .#push(bytes);
  }

  string(field: number, text: string): this {
    return this.blob(field, utf8.encode(text));
  }

  /** Writes integers as one packed field, as proto3 does. */
  packed(field: number, values: ArrayLike<number>): this {
    if (values.length === 0) return this;
    const inner = new ProtoWriter();
    for (let i = 0; i < values.length; i++) inner.#push(varint(values[i]!));
    return this.#message(field, inner);
  }

  message(field: number, write: (writer: ProtoWriter) => void): this {
    const inner = new ProtoWriter();
    write(inner);
    return this.#message(field, inner);
  }

  #message(field: number, inner: ProtoWriter): this {
    this.#push(varint((field << 3) | 2)).#push(varint(inner.#length));
    for (const part of inner.#parts) this.#push(part);
    return this;
  }

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

/** Base 128, lowest group first; a negative number has its 64 bits of two's complement. */
function varint(value: number): Uint8Array {
  let low = (value % WORD) >>> 0;
  let high = Math.floor(value / WORD) >>> 0;
  const bytes: number[] = [];
  while (high !== 0 || low > 127) {
    bytes.push((low & 127) | 128);
    low = ((low >>> 7) | ((high & 127) << 25)) >>> 0;
    high >>>= 7;
  }
  bytes.push(low);
  return Uint8Array.from(bytes);
}
