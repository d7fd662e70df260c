import { WireError } from "./wire-error.js";

/** Element types of a tensor on the wire, by their numbers in protobuf; 0 is unspecified. */
export const DTYPES = ["unspecified", "float32", "int64", "int32", "bfloat16"] as const;
/** One of {@link DTYPES}. */
export type DType = (typeof DTYPES)[number];

/** Numbers with a shape. JSON has a plain array; a decoder of bytes returns typed arrays, and of `int64` doubles that are whole. */
export interface TensorData {
  readonly data: ArrayLike<number>;
  readonly dtype?: DType;
  readonly shape?: readonly number[] | null;
  /** Compressed sparse rows: `data` has the values, these say where they stand. */
  readonly sparse_crow_indices?: ArrayLike<number> | null;
  readonly sparse_col_indices?: ArrayLike<number> | null;
}

const WIDTHS: Readonly<Record<DType, number>> = { unspecified: 4, float32: 4, int64: 8, int32: 4, bfloat16: 2 };
const WORD = 2 ** 32;

/** Little-endian bytes of numbers; an unspecified type is `float32`. */
export function tensorBytes(data: ArrayLike<number>, dtype: DType): Uint8Array {
  const bytes = new Uint8Array(data.length * WIDTHS[dtype]);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < data.length; i++) writeElement(view, i, data[i]!, dtype);
  return bytes;
}

function writeElement(view: DataView, index: number, value: number, dtype: DType): void {
  switch (dtype) {
    case "unspecified":
    case "float32":
      view.setFloat32(4 * index, value, true);
      return;
    case "int32":
      view.setInt32(4 * index, value, true);
      return;
    case "int64":
      view.setUint32(8 * index, Math.trunc(value) % WORD, true);
      view.setInt32(8 * index + 4, Math.floor(Math.trunc(value) / WORD), true);
      return;
    case "bfloat16":
      view.setUint16(2 * index, upperHalf(value), true);
  }
}

/** The upper half of a float32, rounded to the nearest and to even between two. */
function upperHalf(value: number): number {
  const word = new DataView(new ArrayBuffer(4));
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The numbers that {@link tensorBytes} wrote. */
export function tensorNumbers(bytes: Uint8Array, dtype: DType): Float32Array | Int32Array | Float64Array {
  const width = WIDTHS[dtype];
  if (bytes.length % width !== 0) throw new WireError(`a tensor of ${dtype} has ${bytes.length} bytes, which is no multiple of ${width}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length / width;
  switch (dtype) {
    case "unspecified":
    case "float32":
      return fill(new Float32Array(count), (i) => view.getFloat32(4 * i, true));
    case "int32":
      return fill(new Int32Array(count), (i) => view.getInt32(4 * i, true));
    case "int64":
      return fill(new Float64Array(count), (i) => wholeNumber(view.getInt32(8 * i + 4, true) * WORD + view.getUint32(8 * i, true)));
    case "bfloat16": {
      const word = new DataView(new ArrayBuffer(4));
      return fill(new Float32Array(count), (i) => (word.setUint32(0, view.getUint16(2 * i, true) << 16), word.getFloat32(0)));
    }
  }
}

function fill<T extends Float32Array | Int32Array | Float64Array>(target: T, at: (index: number) => number): T {
  for (let i = 0; i < target.length; i++) target[i] = at(i);
  return target;
}

function wholeNumber(value: number): number {
  if (!Number.isSafeInteger(value)) throw new WireError(`an int64 of about ${value} does not fit a double`);
  return value;
}
