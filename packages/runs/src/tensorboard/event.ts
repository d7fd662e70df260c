/** Content of one event: the version of the file, which comes first, or scalars of one step. */
export type EventContent =
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "scalars"; readonly step: number; readonly scalars: Readonly<Record<string, number>> };

/** Wire types of protocol buffers. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * An event as bytes: message `Event` of TensorFlow's `event.proto`, with fields wall_time (1), step (2), file_version (3) and summary (5);
 * the summary's values have tag (1) and simple_value (2).
 *
 * @param wallSeconds - since 1970.
 */
export function encodeEvent(wallSeconds: number, content: EventContent): Uint8Array {
  const time = Buffer.alloc(8);
  time.writeDoubleLE(wallSeconds);
  const head = [key(1, FIXED64), time];
  switch (content.kind) {
    case "version":
      return Buffer.concat([...head, lengthDelimited(3, Buffer.from(content.version))]);
    case "scalars": {
      const values = Object.entries(content.scalars).map(([tag, value]) => lengthDelimited(1, encodeScalar(tag, value)));
      return Buffer.concat([...head, key(2, VARINT), varint(content.step), lengthDelimited(5, Buffer.concat(values))]);
    }
  }
}

/** Step of an event, 0 when it has none. Reads what `encodeEvent` writes. */
export function stepOfEvent(event: Uint8Array): number {
  const afterTime = 9;
  if (event[afterTime] !== ((2 << 3) | VARINT)) return 0;
  let step = 0;
  for (let place = afterTime + 1, scale = 1; place < event.length; place++, scale *= 128) {
    const byte = event[place]!;
    step += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  return step;
}

function encodeScalar(tag: string, value: number): Uint8Array {
  const float = Buffer.alloc(4);
  float.writeFloatLE(value);
  return Buffer.concat([lengthDelimited(1, Buffer.from(tag)), key(2, FIXED32), float]);
}

function lengthDelimited(field: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([key(field, BYTES), varint(bytes.length), bytes]);
}

function key(field: number, wireType: number): Uint8Array {
  return varint((field << 3) | wireType);
}

/** Seven bits a byte, lowest first, for whole numbers up to 2⁵³. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.from([...bytes, rest]);
}
