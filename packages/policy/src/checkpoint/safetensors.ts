import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { shortName } from "./short-name.js";
import { fromBrainFloats, fromHalfFloats } from "./half-floats.js";

const MAX_HEADER_BYTES = 100_000_000;

const ITEM_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, I16: 2, U16: 2, F16: 2, BF16: 2, I32: 4, U32: 4, F32: 4, I64: 8, U64: 8, F64: 8,
}; // prettier-ignore

const HeaderEntry = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  /** First byte and the byte after the last, counted from the end of the header. */
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

/** Place of one tensor in a safetensors file. */
export interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes of a number. */
  readonly itemBytes: number;
  /** Offset of the first byte in the file. */
  readonly start: number;
  /** Offset of the byte after the last in the file. */
  readonly end: number;
}

/** Contents of a safetensors file's header. */
export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Size of the header in bytes, its length field included.
 *
 * @param first - the first eight bytes of the file, or more
 * @throws InputError when the file is shorter than that or the header too long.
 */
export function safetensorsHeaderBytes(first: Uint8Array, fileBytes: number, where: string): number {
  if (first.length < 8) throw malformed(where, "a length field of 8 bytes", `${first.length} bytes`);
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) throw malformed(where, `a header of at most ${MAX_HEADER_BYTES} bytes`, `${length} bytes`);
  const total = 8 + Number(length);
  if (total > fileBytes) throw malformed(where, `a file of at least ${total} bytes, as its header says`, `${fileBytes} bytes (truncated)`);
  return total;
}

/**
 * Reads and checks the header of a safetensors file: tensors must fill the file without holes or overlaps.
 *
 * See https://github.com/huggingface/safetensors, section "Format".
 *
 * @param head - the file's beginning, with at least the whole header
 * @param where - the file's name, for messages
 * @throws InputError saying what is wrong with the file.
 */
export function parseSafetensorsHeader(head: Uint8Array, fileBytes: number, where: string): SafetensorsHeader {
  const dataStart = safetensorsHeaderBytes(head, fileBytes, where);
  const text = decodeUtf8(head.subarray(8, dataStart), where);
  let metadata: Record<string, string> = {};
  const entries = new Map<string, SafetensorsEntry>();
  for (const [name, value] of Object.entries(parseJsonObject(text, where))) {
    if (name === "__metadata__") {
      metadata = parseWith(z.record(z.string(), z.string()), value, `${where}: __metadata__`, "an object of strings");
      continue;
    }
    const at = `${where}: tensor ${shortName(name)}`;
    const { dtype, shape, data_offsets: offsets } = parseWith(HeaderEntry, value, at, "dtype, shape and data_offsets");
    const itemBytes = ITEM_BYTES[dtype];
    if (itemBytes === undefined) throw malformed(at, "a known dtype", shortName(dtype));
    const expected = itemBytes * shape.reduce((product, size) => product * size, 1);
    const found = offsets[1] - offsets[0];
    if (found !== expected) throw malformed(at, `${expected} bytes for ${dtype} [${shape.join(", ")}]`, `${found} bytes`);
    entries.set(name, { dtype, shape, itemBytes, start: dataStart + offsets[0], end: dataStart + offsets[1] });
  }
  checkCoverage(entries, dataStart, fileBytes, where);
  return { entries, metadata };
}

/**
 * Stored floats as 32-bit floats. Bytes that are already aligned 32-bit floats are not copied.
 *
 * @param result - memory for floats of another type
 * @throws InputError when the dtype is not F32, F16 or BF16.
 */
export function decodeFloats(bytes: Uint8Array, dtype: string, where: string, result?: Float32Array): Float32Array {
  const itemBytes = dtype === "F32" ? 4 : 2;
  const aligned = bytes.byteOffset % itemBytes === 0 ? bytes : bytes.slice();
  const items = [aligned.buffer, aligned.byteOffset, aligned.length / itemBytes] as const;
  switch (dtype) {
    case "F32":
      return new Float32Array(...items);
    case "BF16":
      return fromBrainFloats(new Uint16Array(...items), result);
    case "F16":
      return fromHalfFloats(new Uint16Array(...items), result);
    default:
      throw malformed(where, "dtype F32, F16 or BF16", dtype);
  }
}

/**
 * Place of a tensor of the wanted shape.
 *
 * @throws InputError when it is missing or has another shape.
 */
export function entryOf({ entries }: SafetensorsHeader, name: string, shape: readonly number[], where: string): SafetensorsEntry {
  const entry = entries.get(name);
  const found = entry === undefined ? "no such tensor" : `shape [${entry.shape.join(", ")}]`;
  if (entry?.shape.join() === shape.join()) return entry;
  const problem = { what: "checkpoint", where, expected: `shape [${shape.join(", ")}]`, found };
  throw new InputError({ ...problem, fix: "use the config.json and weights of one and the same checkpoint" });
}

/** The header that goes before the tensors' bytes: names sorted, filled up with spaces to a multiple of 8. */
export function encodeSafetensorsHeader(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
  metadata: Readonly<Record<string, string>> = {},
  dtype: "F32" | "F16" | "BF16" = "F32",
): Uint8Array {
  const parts = Object.keys(metadata).length === 0 ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  let offset = 0;
  let previous = "__metadata__";
  for (const { name, shape } of sortedByName(tensors)) {
    if (name === previous || name === "__metadata__")
      throw malformed(`tensor ${name}`, "a name of its own for each tensor", "the name twice");
    const end = offset + ITEM_BYTES[dtype]! * shape.reduce((product, size) => product * size, 1);
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    [offset, previous] = [end, name];
  }
  const json = new TextEncoder().encode(`{${parts.join(",")}}`);
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(json, 8);
  return header;
}

/** A copy in the order of the file. */
export function sortedByName<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function checkCoverage(entries: ReadonlyMap<string, SafetensorsEntry>, dataStart: number, fileBytes: number, where: string): void {
  let reached = dataStart;
  for (const [name, { start, end }] of [...entries].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
    const at = `${where}: tensor ${shortName(name)}`;
    if (end > fileBytes) throw malformed(at, `a file of at least ${end} bytes`, `${fileBytes} bytes (truncated)`);
    if (start !== reached)
      throw malformed(at, `data from byte ${reached} on`, start < reached ? `an overlap from byte ${start}` : `a gap to byte ${start}`);
    reached = end;
  }
  if (reached !== fileBytes) throw malformed(where, `${reached} bytes, where the last tensor ends`, `${fileBytes} bytes`);
}

function decodeUtf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw malformed(where, "a header in UTF-8", "other bytes");
  }
}

function parseJsonObject(text: string, where: string): object {
  checkDepth(text, where);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw malformed(where, "a header in JSON", error instanceof Error ? error.message.slice(0, 100) : "something else");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw malformed(where, "a JSON object as header", text.slice(0, 40));
  // JSON.parse keeps the last of equal keys, so keys are counted in the text.
  if (countKeysOf(text) !== countKeys(parsed)) throw malformed(where, "different names in the header", "the same name twice");
  return parsed;
}

/** Deepest nesting of a header: the offsets of a tensor. */
const MOST_LEVELS = 3;

/** Keys in the text of a JSON object: strings that a colon follows. */
function countKeysOf(text: string): number {
  let keys = 0;
  for (let i = text.indexOf('"'); i >= 0; i = text.indexOf('"', i + 1)) {
    for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
    let next = i + 1;
    while (" \t\n\r".includes(text[next] ?? ".")) next++;
    if (text[next] === ":") keys++;
  }
  return keys;
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return 0;
  return Object.values(value).reduce<number>((count, inner) => count + 1 + countKeys(inner), 0);
}

/** Refuses a text that is nested deeper than any header, before anything goes down into it. */
function checkDepth(text: string, where: string): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === "\\") i++;
    } else if (character === "{" || character === "[") {
      if (++depth > MOST_LEVELS) throw malformed(where, `a header of at most ${MOST_LEVELS} levels`, "a deeper one");
    } else if (character === "}" || character === "]") {
      depth--;
    }
  }
}

function parseWith<T>(schema: z.ZodType<T>, value: unknown, where: string, expected: string): T {
  const result = schema.safeParse(value);
  if (!result.success) throw malformed(where, expected, result.error.issues[0]!.message);
  return result.data;
}

function malformed(where: string, expected: string, found: string): InputError {
  return new InputError({ what: "safetensors file", where, expected, found, fix: "copy or download the file again" });
}
