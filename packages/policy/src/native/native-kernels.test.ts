import { RandomStream } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { KERNEL_BACKENDS } from "../../test/backends.js";
import { relativeDifference } from "../../test/tiny.js";
import { AdamW } from "../adamw.js";
import { useBackend, type BackendName } from "../backend.js";
import { createKVCache } from "../kv-cache/kv-cache.js";
import { attention } from "../ops/attention.js";
import { dropout } from "../ops/dropout.js";
import { gatherRows } from "../ops/embedding.js";
import { disposeLayout, packRows } from "../ops/packed.js";
import { rmsNorm } from "../ops/rms-norm.js";
import { rotary, rotaryTables } from "../ops/rotary.js";
import { swiglu } from "../ops/swiglu.js";
import { tokenLogProbs } from "../ops/token-log-probs.js";
import { Parameters } from "../parameters.js";
import { ADAMW, TINY } from "../../test/tiny.js";
import { kernelStamp } from "./kernel-sources.js";
import { tensorflowBackend, type TensorFlowBackend } from "./tensorflow-backend.js";
import { usableKernels } from "./native-kernels.js";

const NATIVE_KERNELS = KERNEL_BACKENDS.find((name) => name.startsWith("tfjs-node"));
const LENGTHS = [150, 1, 97, 200, 64, 33];
const TOKENS = LENGTHS.reduce((sum, length) => sum + length, 0);
const SHAPE = { heads: 6, kvHeads: 2, headDim: 32 };
const WIDTH = (SHAPE.heads + 2 * SHAPE.kvHeads) * SHAPE.headDim;

function noise(seed: number, ...shape: number[]): tf.Tensor {
  const stream = new RandomStream(seed, ["native kernels"]);
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.normal()),
    shape,
  );
}

/** Value and gradients of an operation on inputs so large that threads share the work. */
async function run(backend: BackendName, operation: (...inputs: tf.Tensor[]) => tf.Tensor, shapes: readonly (readonly number[])[]) {
  await useBackend(backend);
  return tf.tidy(() => {
    const inputs = shapes.map((shape, i) => noise(i, ...shape));
    const value = operation(...inputs);
    const weights = noise(99, ...value.shape);
    const gradients = tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(operation(...xs), weights)))(inputs);
    return [value, ...gradients].map((tensor) => tensor.dataSync().slice());
  });
}

const ids = Array.from({ length: 3000 }, (_, i) => (i * 7) % 50);
const operations: readonly (readonly [string, (...inputs: tf.Tensor[]) => tf.Tensor, readonly (readonly number[])[]])[] = [
  ["rmsNorm", (x, w) => rmsNorm(x as tf.Tensor2D, w as tf.Tensor1D, { epsilon: 1e-5 }), [[TOKENS, 601], [601]]],
  ["swiglu", (x) => swiglu(x as tf.Tensor2D), [[TOKENS, 602]]],
  [
    "rotary",
    (x, query, key) => {
      const layout = packRows(LENGTHS);
      const norm = { query: query as tf.Tensor1D, key: key as tf.Tensor1D };
      const tables = rotaryTables(200, SHAPE.headDim, 100);
      for (const tensor of [layout.positions, layout.rowOffsetsTensor, tables.cosines, tables.sines]) later.push(tf.keep(tensor));
      return rotary(x as tf.Tensor2D, layout.positions, tables, norm, { ...SHAPE, epsilon: 1e-5 });
    },
    [[TOKENS, WIDTH], [SHAPE.headDim], [SHAPE.headDim]],
  ],
  ...[0, 40].map((window) => {
    const operation = (x: tf.Tensor) => {
      const layout = packRows(LENGTHS);
      for (const tensor of [layout.positions, layout.rowOffsetsTensor]) later.push(tf.keep(tensor));
      return attention(x as tf.Tensor2D, layout, { ...SHAPE, window });
    };
    return [`attention, window ${window}`, operation, [[TOKENS, WIDTH]]] as const;
  }),
  [
    "tokenLogProbs",
    (x) => {
      const targets = tf.tensor1d(Array.from({ length: 300 }, (_, i) => (i * 13) % 1001), "int32"); // prettier-ignore
      const { logProbs, entropies } = tokenLogProbs(x as tf.Tensor2D, targets, { temperature: 0.7 });
      return tf.stack([logProbs, entropies]);
    },
    [[300, 1001]],
  ],
  ["gatherRows", (table) => gatherRows(table as tf.Tensor2D, tf.tensor1d(ids, "int32")), [[50, 40]]],
];
const later: tf.Tensor[] = [];

describe.skipIf(NATIVE_KERNELS === undefined)(
  "kernels of native TensorFlow (skipped without them; `retool native install` builds them)",
  () => {
    test.each(operations)("%s of large inputs is what WebAssembly gives", async (_, operation, shapes) => {
      const [actual, expected] = [await run(NATIVE_KERNELS!, operation, shapes), await run("wasm", operation, shapes)];
      tf.dispose(later.splice(0));
      actual.forEach((values, i) => expect(relativeDifference(values, expected[i]!), `output ${i}`).toBeLessThan(2e-5));
    });

    test("a run repeated gives the same bits", async () => {
      const [name, operation, shapes] = operations[0]!;
      const [first, second] = [await run(NATIVE_KERNELS!, operation, shapes), await run(NATIVE_KERNELS!, operation, shapes)];
      expect(second, name).toEqual(first);
    });

    test("dropout zeroes what it zeroes on WebAssembly", async () => {
      const results: Float32Array[] = [];
      for (const backend of [NATIVE_KERNELS!, "wasm"] as const) {
        await useBackend(backend);
        const layout = packRows(LENGTHS);
        const mask = { rate: 0.3, key: [0xdeadbeef, 3], firstRow: 2 } as const;
        results.push(tf.tidy(() => dropout(noise(1, TOKENS, 90) as tf.Tensor2D, layout, mask).dataSync().slice() as Float32Array)); // prettier-ignore
        disposeLayout(layout);
      }
      expect(results[0]).toEqual(results[1]);
    });

    test("an update changes nothing that was read before", async () => {
      await useBackend(NATIVE_KERNELS);
      const parameters = Parameters.initialize(TINY, { seed: 1, embeddingStd: 0.1 });
      const optimizer = new AdamW(parameters, ADAMW);
      const weight = parameters.get("embed");
      const before = (await weight.data()) as Float32Array;
      const kept = before.slice();
      const gradient = tf.ones(weight.shape);
      await optimizer.update(new Map([["embed", gradient]]), 0.01);
      expect(before).toEqual(kept);
      expect(relativeDifference((await weight.data()) as Float32Array, kept)).toBeGreaterThan(0.01);
      tf.dispose(gradient);
      optimizer.dispose();
      parameters.dispose();
    });

    test("a cache grows with the longest sequence and keeps what it holds", async () => {
      const outputs: Float32Array[] = [];
      for (const backend of [NATIVE_KERNELS!, "wasm"] as const) {
        await useBackend(backend);
        const config = { ...TINY, ...SHAPE, maxPositions: 300 };
        const cache = createKVCache(config, 2, 300);
        const before = cache.bytes;
        for (const [past, count] of [
          [0, 60],
          [60, 1],
          [61, 140],
        ] as const) {
          // prettier-ignore
          const layout = packRows([count], [past]);
          const qkv = noise(past, count, WIDTH) as tf.Tensor2D;
          const out = cache.attend(1, qkv, layout, Int32Array.of(1), Int32Array.of(past));
          if (past === 61) outputs.push(out.dataSync().slice() as Float32Array);
          tf.dispose([qkv, out]);
          disposeLayout(layout);
        }
        expect(cache.bytes).toBeGreaterThan(3 * before);
        cache.dispose();
      }
      expect(relativeDifference(outputs[0]!, outputs[1]!)).toBeLessThan(1e-5);
    });

    test("kernels from other sources, or on a GPU, are left alone", async () => {
      await useBackend(NATIVE_KERNELS);
      const { binding } = tensorflowBackend()!;
      const of = (stamp: string, isUsingGpuDevice: boolean) =>
        usableKernels({ binding: { ...binding, retoolKernels: { ...binding.retoolKernels!, stamp } }, isUsingGpuDevice } satisfies Pick<TensorFlowBackend, "binding" | "isUsingGpuDevice">); // prettier-ignore
      expect(of(kernelStamp(), false)).toBeDefined();
      expect(of("another", false)).toBeUndefined();
      expect(of(kernelStamp(), true)).toBeUndefined();
    });
  },
);
