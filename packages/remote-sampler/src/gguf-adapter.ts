import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { SamplerFault } from "./sampler-fault.js";

/** What an adapter's own files do not say of the model below it. */
export interface GgufAdapterModel {
  /** `general.architecture` of the base model's file. */
  readonly architecture: "llama" | "qwen2" | "qwen3";
  readonly headDim: number;
}

const Config = z.object({ r: z.int().positive(), lora_alpha: z.number(), use_rslora: z.boolean().default(false) });
const Entry = z.object({
  dtype: z.literal("F32"),
  shape: z.tuple([z.number(), z.number()]),
  data_offsets: z.tuple([z.number(), z.number()]),
});

interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

const PARTS: Readonly<Record<string, string>> = {
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};
const ALIGNMENT = 32;
const [UINT32, FLOAT32, STRING] = [4, 6, 8];

/**
 * Writes an adapter of PEFT's format as llama.cpp reads it, whole or not at all: a server that reads the file meanwhile has one of both.
 *
 * @throws SamplerFault for matrices that llama.cpp has no place for.
 */
export async function writeGgufAdapter(peftFolder: string, path: string, model: GgufAdapterModel): Promise<void> {
  const config = Config.parse(JSON.parse(await readFile(join(peftFolder, "adapter_config.json"), "utf8")));
  // llama.cpp scales by alpha / rank.
  const alpha = config.use_rslora ? config.lora_alpha * Math.sqrt(config.r) : config.lora_alpha;
  const matrices = (await readMatrices(join(peftFolder, "adapter_model.safetensors"))).map((matrix) => asGguf(matrix, model));
  await writeFile(`${path}.new`, ggufBytes(matrices, model.architecture, alpha));
  await rename(`${path}.new`, path);
}

async function readMatrices(path: string): Promise<Matrix[]> {
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, start)) as Record<string, unknown>;
  return Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => {
      const { shape, data_offsets: offsets } = Entry.parse(entry);
      const part = bytes.subarray(start + offsets[0], start + offsets[1]);
      const values = new Float32Array(part.length / 4);
      new Uint8Array(values.buffer).set(part);
      return { name, rows: shape[0], columns: shape[1], values };
    });
}

/** The name in a GGUF file, and rows in its order: for the llama architecture it rotates neighbours of a head. */
function asGguf({ name, rows, columns, values }: Matrix, { architecture, headDim }: GgufAdapterModel): Matrix {
  const [, layer, module, side] = /\.layers\.(\d+)\.(.+)\.lora_([AB])\.weight$/.exec(name) ?? [];
  const part = PARTS[module ?? ""];
  if (part === undefined) throw new SamplerFault(`llama.cpp has no place for ${name} of an adapter`);
  const isPermuted = architecture === "llama" && side === "B" && (part === "attn_q" || part === "attn_k");
  const moved = isPermuted ? permuted(values, columns, headDim) : values;
  return { name: `blk.${layer}.${part}.weight.lora_${side!.toLowerCase()}`, rows, columns, values: moved };
}

function permuted(values: Float32Array, columns: number, headDim: number): Float32Array {
  const moved = new Float32Array(values.length);
  for (let row = 0; row < values.length / columns; row++) {
    const place = row % headDim;
    const half = headDim / 2;
    const target = row - place + 2 * (place % half) + (place < half ? 0 : 1);
    moved.set(values.subarray(row * columns, (row + 1) * columns), target * columns);
  }
  return moved;
}

/** Version 3 of the format: header, names and shapes with the fastest axis first, then the numbers. */
function ggufBytes(matrices: readonly Matrix[], architecture: string, alpha: number): Buffer {
  const metadata: readonly (readonly [string, number, Buffer])[] = [
    ["general.architecture", STRING, text(architecture)],
    ["general.type", STRING, text("adapter")],
    ["general.alignment", UINT32, uint32(ALIGNMENT)],
    ["adapter.type", STRING, text("lora")],
    ["adapter.lora.alpha", FLOAT32, float32(alpha)],
  ];
  const parts: Buffer[] = [Buffer.from("GGUF"), uint32(3), uint64(matrices.length), uint64(metadata.length)];
  for (const [key, type, value] of metadata) parts.push(text(key), uint32(type), value);
  let offset = 0;
  for (const { name, rows, columns } of matrices) {
    parts.push(text(name), uint32(2), uint64(columns), uint64(rows), uint32(0), uint64(offset));
    offset += padded(4 * rows * columns);
  }
  const header = Buffer.concat(parts);
  const bytes = Buffer.alloc(padded(header.length) + offset);
  header.copy(bytes);
  let at = padded(header.length);
  for (const { values } of matrices) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += padded(values.byteLength);
  }
  return bytes;
}

const padded = (length: number): number => Math.ceil(length / ALIGNMENT) * ALIGNMENT;
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
