import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { SafetensorsFile, writeFileAtomic } from "../checkpoint/safetensors-file.js";
import type { ModelConfig } from "../config.js";
import { ADAPTER_WEIGHTS, readAdapterOptions } from "../lora/adapter-checkpoint.js";
import { ggufName } from "./gguf-names.js";
import { rowInGguf } from "./head-order.js";

const ALIGNMENT = 32;
/** Numbers of the kinds of metadata, and of 32-bit floats among the types of tensors. */
const [UINT32, FLOAT32, STRING, F32] = [4, 6, 8, 0];

/** One of the two matrices that stand for a module of a layer. */
interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/**
 * Writes an adapter of PEFT's format as llama.cpp reads it (`--lora`), 32-bit floats, whole or not at all: a server that reads the file
 * meanwhile has one of both.
 *
 * @param adapterFolder - with `adapter_config.json` and `adapter_model.safetensors`
 * @param config - of the model that the adapter belongs to
 * @throws InputError when the folder has no plain adapter, or one with matrices that llama.cpp has no place for.
 */
export async function writeGgufAdapter(
  adapterFolder: string,
  path: string,
  { modelType, headDim }: Pick<ModelConfig, "modelType" | "headDim">,
): Promise<void> {
  const { rank, alpha, rankStabilized } = await readAdapterOptions(adapterFolder);
  const architecture = modelType === "mistral" ? "llama" : modelType;
  const matrices = await readMatrices(join(adapterFolder, ADAPTER_WEIGHTS), architecture === "llama" ? headDim : undefined);
  const scaled = rankStabilized === true ? alpha * Math.sqrt(rank) : alpha; // llama.cpp divides by the rank
  await writeFileAtomic(path, () => ggufChunks(matrices, architecture, scaled));
}

/** @param headDim - where llama.cpp has another order of query and key rows, which are those of their second matrices */
async function readMatrices(path: string, headDim: number | undefined): Promise<Matrix[]> {
  const file = await SafetensorsFile.open(path);
  try {
    const matrices: Matrix[] = [];
    for (const [name, { shape }] of file.header.entries) {
      const [, module, side] = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/.exec(name) ?? [];
      const known = ggufName(`${module}.weight`);
      if (side === undefined || !/^blk\.\d+\.(?:attn|ffn)_\w+\.weight$/.test(known) || shape.length !== 2) throw noPlace(path, name);
      const [rows, columns] = shape as [number, number];
      const values = await file.read(name, shape);
      const isPermuted = headDim !== undefined && side === "B" && /\.attn_[qk]\./.test(known);
      matrices.push({
        name: `${known}.lora_${side.toLowerCase()}`,
        rows,
        columns,
        values: isPermuted ? permuted(values, columns, headDim) : values,
      });
    }
    return matrices;
  } finally {
    await file.close();
  }
}

function permuted(values: Float32Array, columns: number, headDim: number): Float32Array {
  const moved = new Float32Array(values.length);
  for (let row = 0; row < values.length / columns; row++)
    moved.set(values.subarray(row * columns, (row + 1) * columns), rowInGguf(row, headDim) * columns);
  return moved;
}

function noPlace(path: string, name: string): InputError {
  const expected = "matrices of attention and MLP modules, for which llama.cpp has places";
  return new InputError({ what: "adapter", where: path, expected, found: `tensor ${name}`, fix: "merge the adapter into its model" });
}

/** Version 3 of the format: header, names and shapes with the fastest axis first, then the numbers. */
async function* ggufChunks(matrices: readonly Matrix[], architecture: string, alpha: number): AsyncGenerator<Uint8Array> {
  const metadata: readonly (readonly [key: string, kind: number, value: Buffer])[] = [
    ["general.architecture", STRING, text(architecture)],
    ["general.type", STRING, text("adapter")],
    ["general.alignment", UINT32, uint32(ALIGNMENT)],
    ["adapter.type", STRING, text("lora")],
    ["adapter.lora.alpha", FLOAT32, float32(alpha)],
  ];
  const parts: Buffer[] = [Buffer.from("GGUF"), uint32(3), uint64(matrices.length), uint64(metadata.length)];
  for (const [key, kind, value] of metadata) parts.push(text(key), uint32(kind), value);
  let offset = 0;
  for (const { name, rows, columns, values } of matrices) {
    parts.push(text(name), uint32(2), uint64(columns), uint64(rows), uint32(F32), uint64(offset));
    offset += values.byteLength + padding(values.byteLength);
  }
  const header = Buffer.concat(parts);
  yield header;
  yield Buffer.alloc(padding(header.length));
  for (const { values } of matrices) {
    yield await Promise.resolve(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    yield Buffer.alloc(padding(values.byteLength));
  }
}

const padding = (length: number): number => (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
const text = (value: string): Buffer => Buffer.concat([uint64(Buffer.byteLength(value)), Buffer.from(value)]);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
