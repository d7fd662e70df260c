import { decodeFloats, encodeSafetensorsHeader, parseSafetensorsHeader, sortedByName } from "../src/checkpoint/safetensors.js";

/** One tensor in 32-bit floats. */
export interface SafetensorsTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Contents of a safetensors file. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a whole safetensors file that lies in memory.
 *
 * @returns tensors whose values may share the memory of `bytes`
 * @throws InputError when the file is malformed or holds other than F32, F16 and BF16 tensors.
 */
export function parseSafetensors(bytes: Uint8Array, where = "safetensors"): Safetensors {
  const { entries, metadata } = parseSafetensorsHeader(bytes, bytes.length, where);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, { dtype, shape, start, end }] of entries) {
    tensors.set(name, { shape, values: decodeFloats(bytes.subarray(start, end), dtype, `${where}: tensor ${name}`) });
  }
  return { tensors, metadata };
}

/** A safetensors file of 32-bit floats, in memory. */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const list = sortedByName([...tensors].map(([name, tensor]) => ({ name, ...tensor })));
  const header = encodeSafetensorsHeader(list, metadata);
  const file = new Uint8Array(list.reduce((bytes, { values }) => bytes + values.byteLength, header.length));
  file.set(header);
  let offset = header.length;
  for (const { values } of list) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return file;
}
