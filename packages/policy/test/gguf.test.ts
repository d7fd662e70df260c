import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backend.js";
import { loadModel } from "../src/checkpoint/checkpoint.js";
import { GGUF_TENSOR_TYPES } from "../src/gguf/dequantize.js";
import { readGgufMetadata } from "../src/gguf/gguf-file.js";
import { disposeLayout, packRows } from "../src/ops/packed.js";
import { Transformer } from "../src/transformer.js";
import { relativeDifference } from "./tiny.js";

/** Contents of the file that fixtures/make_gguf_fixture.py writes. */
type Blocks = Readonly<Record<string, { readonly type: number; readonly bytes: string; readonly values: string }>>;
type Models = Readonly<Record<string, { readonly file: string; readonly tokenIds: readonly number[]; readonly logits: string }>>;

const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));
const floatsOf = (base64: string) => new Float32Array(bytesOf(base64).buffer);
const fixture = async (name: string): Promise<unknown> => JSON.parse(await readFile(new URL(`fixtures/${name}`, import.meta.url), "utf8"));
const blocks = (await fixture("gguf-blocks.json")) as Blocks;
const models = (await fixture("gguf-models.json")) as Models;
/** Contents of the file that fixtures/make_llama_cpp_fixture.py writes. */
const positions = (await fixture("llama-cpp-positions.json")) as Readonly<
  Record<string, { readonly file: string; readonly tokenIds: readonly number[]; readonly logProbs: readonly number[] }>
>;

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-gguf-"))));
afterAll(() => rm(folder, { recursive: true }));

async function write(bytes: Uint8Array): Promise<string> {
  const path = join(folder, "model.gguf");
  await writeFile(path, bytes);
  return path;
}

test.each(Object.keys(blocks))("%s: the numbers of gguf-py, to the bit", (name) => {
  const { type, bytes, values } = blocks[name]!;
  const { dequantize, blockSize, blockBytes, ...rest } = GGUF_TENSOR_TYPES.get(type)!;
  const [stored, expected] = [bytesOf(bytes), floatsOf(values)];
  expect([rest.name, (stored.length / blockBytes) * blockSize]).toEqual([name, expected.length]);
  const out = new Float32Array(expected.length + 3);
  dequantize(stored, expected.length, out, 2);
  expect(out.slice(2, -1)).toEqual(expected);
  expect([out[0], out[1], out.at(-1)]).toEqual([0, 0, 0]);
});

test("a token that is the sign U+FEFF is read as it stands", async () => {
  const text = (value: string) => [...new Uint8Array(new BigUint64Array([BigInt(Buffer.byteLength(value))]).buffer), ...Buffer.from(value)];
  const header = [...Buffer.from("GGUF"), 3, 0, 0, 0, ...new Array<number>(8).fill(0), 1, ...new Array<number>(7).fill(0)];
  const path = await write(Uint8Array.from([...header, ...text("a.token"), 8, 0, 0, 0, ...text("\ufeffx")]));
  expect((await readGgufMetadata(path)).get("a.token")).toBe("\ufeffx");
});

describe("loadModel of a GGUF file", () => {
  test.each(Object.keys(models))("%s: the logits of transformers", async (name) => {
    await useBackend("wasm");
    const { file, tokenIds, logits } = models[name]!;
    const parameters = await loadModel(await write(bytesOf(file)));
    const model = new Transformer(parameters);
    const layout = packRows([tokenIds.length]);
    const actual = tf.tidy(() =>
      model
        .logits(model.forward(tf.tensor1d([...tokenIds], "int32"), layout))
        .dataSync()
        .slice(),
    );
    expect(relativeDifference(actual, floatsOf(logits))).toBeLessThan(1e-5);
    disposeLayout(layout);
    model.dispose();
    parameters.dispose();
  });

  test.each(Object.keys(positions))("%s: the positions, and so the next-token log-probabilities, of llama.cpp", async (name) => {
    await useBackend("wasm");
    const { file, tokenIds, logProbs } = positions[name]!;
    const parameters = await loadModel(await write(bytesOf(file)));
    const model = new Transformer(parameters);
    const layout = packRows([tokenIds.length]);
    const actual = tf.tidy(() => {
      const logits = model.logits(model.forward(tf.tensor1d([...tokenIds], "int32"), layout));
      return Array.from(tf.logSoftmax(logits).dataSync().slice(-40)); // of the last position
    });
    const differences = actual.map((value, id) => Math.abs(value - logProbs[id]!));
    expect(differences).toHaveLength(40);
    // The server keeps keys and values in 16 bits here, worth up to 0.016; positions that are not scaled are wrong by more than 1.
    expect(Math.max(...differences)).toBeLessThan(0.03);
    disposeLayout(layout);
    model.dispose();
    parameters.dispose();
  });

  test("metadata becomes the config", async () => {
    await useBackend("wasm");
    const parameters = await loadModel(await write(bytesOf(models["llama"]!.file)));
    expect(parameters.config).toEqual({
      modelType: "llama",
      vocabSize: 34,
      hiddenSize: 32,
      intermediateSize: 32,
      layers: 1,
      heads: 2,
      kvHeads: 1,
      headDim: 16,
      maxPositions: 131072,
      rmsNormEpsilon: 1e-5,
      ropeTheta: 500000,
      ropeScaling: { type: "llama3", factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 8192 },
      tiedEmbeddings: true,
      attentionBias: false,
      queryKeyNorm: false,
    });
    parameters.dispose();
    expect((await readGgufMetadata(join(folder, "model.gguf"))).get("general.architecture")).toBe("llama");
  });
});

/** A copy of a good file with other bytes in one place. */
function patched(change: (view: DataView, place: (text: string) => number, bytes: Uint8Array) => void): Uint8Array {
  const bytes = bytesOf(models["llama"]!.file);
  const place = (text: string) => {
    const at = Buffer.from(bytes.buffer).indexOf(text);
    if (at < 0) throw new Error(`no ${text}`);
    return at + text.length; // what follows the name
  };
  change(new DataView(bytes.buffer), place, bytes);
  return bytes;
}
const HUGE = 2n ** 60n;
const DIMENSIONS = 4; // after a tensor's name: count of axes, axes of 8 bytes, type, offset

describe("files that are not what they say", () => {
  const cases: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
    ["nothing", () => new Uint8Array(0), /magic: expected 4 bytes/],
    ["another format", () => new TextEncoder().encode("PK\u0003\u0004 zip"), /expected the letters GGUF/],
    ["a version of the future", () => patched((view) => view.setUint32(4, 9, true)), /version 9/],
    ["a huge count of tensors", () => patched((view) => view.setBigUint64(8, HUGE, true)), /tensor count: /],
    ["a huge count of metadata", () => patched((view) => view.setBigUint64(16, 10n ** 9n, true)), /metadata count: expected at most/],
    ["a huge name", () => patched((view) => view.setBigUint64(24, 10n ** 12n, true)), /name of metadata 0: expected at most/],
    [
      "a kind of value that does not exist",
      () => patched((view, place) => view.setUint32(place("general.architecture"), 77, true)),
      /kind 77/,
    ],
    ["another architecture", () => patched((_, place, bytes) => bytes.set([0x78], place("general.architecture") + 12)), /found xlama/],
    ["a cut in the header", () => bytesOf(models["llama"]!.file).slice(0, 200), /file has room|end of the file/],
    ["a cut in the data", () => bytesOf(models["llama"]!.file).slice(0, -4000), /truncated/],
    ["many axes", () => patched((view, place) => view.setUint32(place("output_norm.weight"), 9, true)), /1 to 4 axes, found 9/],
    ["a huge axis", () => patched((view, place) => view.setBigUint64(place("output_norm.weight") + DIMENSIONS, HUGE, true)), /below 2\^53/],
    [
      "another shape",
      () => patched((view, place) => view.setBigUint64(place("output_norm.weight") + DIMENSIONS, 16n, true)),
      /expected shape \[32\], found shape \[16\]/,
    ],
    [
      "an unknown type",
      () => patched((view, place) => view.setUint32(place("output_norm.weight") + DIMENSIONS + 8, 10, true)),
      /one of the types F32, .*found type 10/,
    ],
    [
      "half a block",
      () => patched((view, place) => view.setBigUint64(place("blk.0.attn_q.weight") + DIMENSIONS, 33n, true)),
      /whole blocks of 32 for Q8_0/,
    ],
    [
      "an overlap",
      () => patched((view, place) => view.setBigUint64(place("output_norm.weight") + DIMENSIONS + 12, 64n, true)),
      /an overlap from byte/,
    ],
    [
      "data beyond the end",
      () => patched((view, place) => view.setBigUint64(place("output_norm.weight") + DIMENSIONS + 12, 10n ** 9n, true)),
      /truncated/,
    ],
    [
      "a tensor of another name",
      () => patched((_, place, bytes) => bytes.set([0x78], place("output_norm.weight") - 1)),
      /output_norm\.weighx/,
    ],
    [
      "other divisors",
      () =>
        patched((view, place) => {
          const at = place("rope_freqs.weight") + DIMENSIONS + 8 + 4; // its offset, then the data of all tensors at the end
          view.setFloat32(view.byteLength - dataBytes() + Number(view.getBigUint64(at, true)), 3, true);
        }),
      /rope_freqs\.weight/,
    ],
  ];
  test.each(cases)("%s", async (_, make, message) => {
    await useBackend("wasm");
    const loading = write(make()).then(loadModel);
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(message);
  });
});

/** Bytes from the first tensor's data to the end of the file. */
function dataBytes(): number {
  const bytes = bytesOf(models["llama"]!.file);
  const names = [
    ...Buffer.from(bytes.buffer)
      .toString("latin1")
      .matchAll(/(?:rope_freqs|token_embd|output_norm|blk\.0\.\w+)\.weight/g),
  ];
  const last = names.at(-1)!;
  const axes = new DataView(bytes.buffer).getUint32(last.index + last[0].length, true);
  const header = last.index + last[0].length + 4 + 8 * axes + 4 + 8;
  return bytes.length - Math.ceil(header / 32) * 32;
}
