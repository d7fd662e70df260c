import { InputError } from "@retool-ts/core";
import { shortName } from "../checkpoint/short-name.js";
import { GGUF_TENSOR_TYPES, type GgufTensorType } from "./dequantize.js";
import { GgufCursor, malformedGguf, type GgufValue } from "./gguf-cursor.js";

/** Place of one tensor in a GGUF file. */
export interface GgufTensor {
  /** Slowest axis first, as in checkpoints; the file has it the other way round. */
  readonly shape: readonly number[];
  readonly type: GgufTensorType;
  /** Offset of the first byte in the file. */
  readonly start: number;
  /** Offset of the byte after the last in the file. */
  readonly end: number;
}

/** Contents of a GGUF file's header. */
export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const MAGIC = 0x46554747; // "GGUF"
/** Tensors, and entries of metadata: hundreds of times what models have. */
const MOST_NAMES = 2 ** 17;

/**
 * Reads and checks the header of a GGUF file: tensors must lie within the file and must not overlap.
 *
 * See https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
 *
 * @param head - the file's beginning
 * @param where - the file's name, for messages
 * @throws NeedsMoreBytes when the header is longer than `head`, InputError saying what is wrong with the file.
 */
export function parseGgufHeader(head: Uint8Array, fileBytes: number, where: string): GgufHeader {
  const cursor = new GgufCursor(head, fileBytes, where);
  if (cursor.u32("magic") !== MAGIC) throw malformedGguf(where, "the letters GGUF at the beginning", "other bytes");
  const version = cursor.u32("version");
  if (version !== 2 && version !== 3) throw malformedGguf(where, "version 2 or 3, little-endian", `version ${version}`);
  const tensorCount = atMost(MOST_NAMES, cursor.count("tensor count", 24), `${where}: tensor count`);
  const metadataCount = atMost(MOST_NAMES, cursor.count("metadata count", 13), `${where}: metadata count`);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < metadataCount; i++) {
    const key = cursor.string(`name of metadata ${i}`);
    if (metadata.has(key)) throw malformedGguf(`${where}: ${shortName(key)}`, "each name once", "the name twice");
    metadata.set(key, cursor.value(shortName(key)));
  }
  const alignment = metadata.get("general.alignment") ?? 32;
  if (typeof alignment !== "number" || !Number.isInteger(alignment) || alignment < 1) {
    throw malformedGguf(`${where}: general.alignment`, "a positive whole number", String(alignment));
  }
  const infos = new Map<string, Omit<GgufTensor, "end"> & { readonly bytes: number }>();
  for (let i = 0; i < tensorCount; i++) {
    const name = cursor.string(`name of tensor ${i}`);
    if (infos.has(name)) throw malformedGguf(`${where}: tensor ${shortName(name)}`, "each name once", "the name twice");
    infos.set(name, tensorInfo(cursor, `tensor ${shortName(name)}`, where));
  }
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  for (const [name, { shape, type, start, bytes }] of infos) {
    tensors.set(name, { shape, type, start: dataStart + start, end: dataStart + start + bytes });
  }
  checkPlaces(tensors, fileBytes, where);
  return { metadata, tensors };
}

function atMost(most: number, count: number, where: string): number {
  if (count > most) throw malformedGguf(where, `at most ${most}`, String(count));
  return count;
}

function tensorInfo(cursor: GgufCursor, what: string, where: string): Omit<GgufTensor, "end"> & { readonly bytes: number } {
  const axes = cursor.u32(what);
  if (axes < 1 || axes > 4) throw malformedGguf(`${where}: ${what}`, "1 to 4 axes", String(axes));
  const shape = Array.from({ length: axes }, () => cursor.u64(what)).reverse();
  const number = cursor.u32(what);
  const start = cursor.u64(what);
  const type = GGUF_TENSOR_TYPES.get(number);
  if (type === undefined) {
    const names = [...GGUF_TENSOR_TYPES.values()].map(({ name }) => name).join(", ");
    const problem = { what: "GGUF file", where: `${where}: ${what}`, expected: `one of the types ${names}`, found: `type ${number}` };
    throw new InputError({ ...problem, fix: "use a file of the model in one of these types, such as Q8_0" });
  }
  const { name, blockSize, blockBytes } = type;
  const size = shape.reduce((product, length) => product * length, 1);
  if (shape.at(-1)! % blockSize !== 0 || size === 0 || !Number.isSafeInteger(size)) {
    throw malformedGguf(`${where}: ${what}`, `rows of whole blocks of ${blockSize} for ${name}`, `shape [${shape.join(", ")}]`);
  }
  return { shape, type, start, bytes: (size / blockSize) * blockBytes };
}

function checkPlaces(tensors: ReadonlyMap<string, GgufTensor>, fileBytes: number, where: string): void {
  let reached = 0;
  for (const [name, { start, end }] of [...tensors].sort(([, a], [, b]) => a.start - b.start)) {
    const at = `${where}: tensor ${shortName(name)}`;
    if (end > fileBytes) throw malformedGguf(at, `a file of at least ${end} bytes`, `${fileBytes} bytes (truncated)`);
    if (start < reached) throw malformedGguf(at, `data from byte ${reached} on`, `an overlap from byte ${start}`);
    reached = end;
  }
}
