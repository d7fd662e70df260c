import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, test } from "vitest";
import { KERNEL_BACKENDS, TEST_BACKENDS } from "../../test/backends.js";
import { ADAMW, relativeDifference, TINY, tinyRows, weightedLoss } from "../../test/tiny.js";
import { useBackend } from "../backend.js";
import { createKVCache } from "../kv-cache/kv-cache.js";
import { LocalEngine } from "../local-engine.js";
import { freeSpareMemory } from "../memory-room.js";
import { linear, linearTransposed } from "../ops/linear.js";
import { disposeLayout, packRows } from "../ops/packed.js";
import { Parameters } from "../parameters.js";
import { currentPlatform, providePlatform } from "../platform.js";
import { Transformer } from "../transformer.js";
import { fakeQuantized } from "./fake-quantized.js";
import { SamplingWeights, type SamplingFormat } from "./sampling-weights.js";

const PLATFORM = currentPlatform()!;
afterEach(() => providePlatform(PLATFORM));

/** Numbers without a pattern that sums could cancel. */
function noise(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233) * (1 + (i % 7)));
}

/** Ties to the even neighbour. */
function roundEven(x: number): number {
  const near = Math.round(x);
  return Math.abs(x - Math.trunc(x)) === 0.5 && near % 2 !== 0 ? near - 1 : near;
}

/** Scale and whole numbers of each column, by the definition: a scale of max |w| / 127 in 32 bits. */
function quantized(w: Float32Array, inner: number, columns: number, transposed: boolean) {
  const at = (k: number, n: number) => w[transposed ? n * inner + k : k * columns + n]!;
  return Array.from({ length: columns }, (_, n) => {
    const column = Array.from({ length: inner }, (__, k) => at(k, n));
    const scale = Math.fround(Math.max(...column.map(Math.abs)) / 127);
    return { scale, whole: column.map((x) => (scale === 0 ? 0 : roundEven(Math.fround(x / scale)))) };
  });
}

/** A product of a weight as a variable, with every number of rows. */
function products(
  x: Float32Array,
  w: Float32Array,
  shape: readonly [inner: number, columns: number],
  transposed: boolean,
  format: SamplingFormat,
) {
  const [inner, columns] = shape;
  const initial = tf.tensor2d(w, transposed ? [columns, inner] : [inner, columns]);
  const weight = tf.variable(initial) as tf.Tensor as tf.Tensor2D;
  const weights = new SamplingWeights(format);
  const plain = transposed ? linearTransposed : linear;
  const outputs = ROWS.map((rows) =>
    tf.tidy(() => {
      const left = tf.tensor2d(x.subarray(0, rows * inner), [rows, inner]);
      const [mine, floats] = [weights.multiply(left, weight, transposed), plain(left, weight)];
      return { rows, mine: mine.dataSync().slice(), floats: floats.dataSync().slice() };
    }),
  );
  const formBytes = tf.memory().numTensors;
  weights.dispose();
  expect(tf.memory().numTensors).toBe(formBytes - 1); // there was a form of the weight
  tf.dispose([weight, initial]);
  return outputs;
}

const ROWS = [1, 2, 3, 4, 5, 7, 8, 9, 13, 70];
// edges of 4, 8, 16, 48, 64 and 256, one column, one input, and what threads share
const SHAPES = [[8, 8], [21, 13], [64, 300], [5, 1], [1, 9], [260, 40], [256, 48], [530, 700]] as const; // prettier-ignore

describe.each(KERNEL_BACKENDS.flatMap((backend) => [[backend, "x·w", false] as const, [backend, "x·wᵀ", true] as const]))(
  "on %s: %s",
  (backend, _, transposed) => {
    test.each(SHAPES)("%i inputs, %i outputs: packed floats give what plain ones give, to the bit", async (inner, columns) => {
      await useBackend(backend);
      for (const { mine, floats } of products(noise(70 * inner, 1), noise(inner * columns, 2), [inner, columns], transposed, "float32")) {
        expect(mine).toEqual(floats);
      }
    });

    test.each(SHAPES)(
      "%i inputs, %i outputs: 8 bits give the product with what they stand for, whatever the rows",
      async (inner, columns) => {
        await useBackend(backend);
        const [x, w] = [noise(70 * inner, 3), noise(inner * columns, 4)];
        for (let k = 0; k < inner; k++) w[transposed ? k : k * columns] = 0; // a channel of zeros
        const parts = quantized(w, inner, columns, transposed);
        const outputs = products(x, w, [inner, columns], transposed, "int8");
        const whole = outputs.at(-1)!.mine;
        for (const { rows, mine } of outputs) expect(mine).toEqual(whole.slice(0, rows * columns));
        const exact = Array.from({ length: 70 * columns }, (__, i) => {
          const [row, column] = [Math.floor(i / columns), i % columns];
          const { scale, whole: numbers } = parts[column]!;
          return scale * numbers.reduce((sum, number, k) => sum + number * x[row * inner + k]!, 0);
        });
        expect(relativeDifference(whole, exact)).toBeLessThan(2e-6);
        if (columns > 1) expect(whole[0]).toBe(0);
      },
    );

    test.each(["float32", "int8"] as const)("%s: values that are assigned count at once", async (format) => {
      await useBackend(backend);
      const shape: [number, number] = transposed ? [20, 12] : [12, 20];
      const [first, second, x] = [tf.tensor2d(noise(240, 7), shape), tf.tensor2d(noise(240, 8), shape), tf.tensor2d(noise(36, 9), [3, 12])];
      const weight = tf.variable(first) as tf.Variable<tf.Rank.R2>;
      const weights = new SamplingWeights(format);
      const read = () => tf.tidy(() => weights.multiply(x, weight, transposed).dataSync().slice());
      const before = read();
      weight.assign(second);
      const after = read();
      const exact = tf.tidy(() => tf.matMul(x, second, false, transposed).dataSync().slice());
      expect(relativeDifference(after, exact)).toBeLessThan(0.02);
      expect(relativeDifference(before, exact)).toBeGreaterThan(0.1);
      weights.dispose();
      tf.dispose([first, second, x, weight]);
    });

    test("8 bits round ties to even", async () => {
      await useBackend(backend);
      const w = Float32Array.of(127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, -127); // scale 1
      const eye = new Float32Array(64).map((__, i) => (i % 9 === 0 ? 1 : 0));
      const initial = tf.tensor2d(w, transposed ? [1, 8] : [8, 1]);
      const weight = tf.variable(initial);
      const weights = new SamplingWeights("int8");
      const read = tf.tidy(() =>
        weights
          .multiply(tf.tensor2d(eye, [8, 8]), weight as tf.Tensor as tf.Tensor2D, transposed)
          .dataSync()
          .slice(),
      );
      expect([...read]).toEqual([127, 0, 2, 2, 0, -2, -2, -127]);
      weights.dispose();
      tf.dispose([weight, initial]);
    });
  },
);

test("without kernels, 8 bits are floats that stand for them", async () => {
  await useBackend("cpu");
  for (const [inner, columns] of SHAPES) {
    for (const transposed of [false, true]) {
      const w = noise(inner * columns, 5);
      const read = tf.tidy(() =>
        fakeQuantized(tf.tensor2d(w, transposed ? [columns, inner] : [inner, columns]), transposed ? 1 : 0)
          .dataSync()
          .slice(),
      );
      const exact = new Float32Array(inner * columns);
      quantized(w, inner, columns, transposed).forEach(({ scale, whole }, n) =>
        whole.forEach((number, k) => (exact[transposed ? n * inner + k : k * columns + n] = number * scale)),
      );
      expect(relativeDifference(read, exact)).toBeLessThan(1e-6);
    }
  }
});

/** Logits after each of two passes over a cache. */
function cachedLogits(parameters: Parameters, sampling: SamplingFormat): Float32Array {
  const model = new Transformer(parameters, { sampling });
  const cache = createKVCache(parameters.config, 3, 40);
  const values: number[] = [];
  for (const [past, lengths] of [
    [0, [5, 9, 3]],
    [9, [1, 1, 1]],
  ] as const) {
    const slots = Int32Array.of(0, 1, 2);
    const before = Int32Array.from(past === 0 ? [0, 0, 0] : [5, 9, 3]);
    const layout = packRows(lengths, [...before]);
    const ids = tf.tensor1d(
      Array.from({ length: layout.tokens }, (_, i) => (i * 7 + past) % parameters.config.vocabSize),
      "int32",
    );
    values.push(...tf.tidy(() => model.samplingLogits(model.forwardCached(ids, layout, cache, slots, before)).dataSync()));
    ids.dispose();
    disposeLayout(layout);
  }
  cache.dispose();
  model.dispose();
  return Float32Array.from(values);
}

/** The same model with the matrices that sampling multiplies with as their 8 bits give them back, embeddings as they are. */
async function givenBack(parameters: Parameters): Promise<Parameters> {
  const copy = await parameters.copy();
  for (const { name, kind } of copy.specs) {
    if (kind !== "matrix" && kind !== "residualMatrix" && name !== "head") continue;
    const values = tf.tidy(() => fakeQuantized(copy.matrix(name), name === "head" ? 1 : 0));
    copy.get(name).assign(values);
    values.dispose();
  }
  if (parameters.lora !== undefined) {
    copy.addAdapter(parameters.lora, ({ name }) => parameters.get(name).dataSync().slice() as Float32Array);
  }
  return copy;
}

const LORA = { rank: 3, alpha: 6, dropout: 0, modules: ["q", "v", "gate", "down"], seed: 4 } as const;

describe.each(TEST_BACKENDS)("on %s", (backend) => {
  test.each([
    ["all weights", false],
    ["an adapter in floats on a base in 8 bits", true],
  ] as const)("%s: logits are those of the floats that 8 bits stand for", async (_, adapted) => {
    await useBackend(backend);
    const config = { ...TINY, tiedEmbeddings: false, hiddenSize: 40, intermediateSize: 36 };
    const parameters = Parameters.initialize(config, { seed: 3, embeddingStd: 0.5 });
    if (adapted) parameters.addAdapter(LORA, ({ shape: [rows, columns] }) => noise(rows! * columns!, 6).map((x) => x / 40));
    const floats = await givenBack(parameters);
    const [actual, expected] = [cachedLogits(parameters, "int8"), cachedLogits(floats, "float32")];
    expect(relativeDifference(actual, expected)).toBeLessThan(1e-5);
    expect(relativeDifference(cachedLogits(parameters, "float32"), expected)).toBeGreaterThan(1e-3); // 8 bits are not floats
    floats.dispose();
    parameters.dispose();
  });

  test("a tied head is in 8 bits, the embeddings are not", async () => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    const untied = withOwnHead(parameters);
    expect(cachedLogits(parameters, "int8")).toEqual(cachedLogits(untied, "int8"));
    untied.dispose();
    parameters.dispose();
  });

  test.each(["float32", "int8"] as const)("%s: what a sampler tells is its model's, of the newest weights", async (samplerWeights) => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 200, samplerWeights });
    const sampler = await engine.sampler({ maxSequences: 2, maxLength: 60, vocabSize: TINY.vocabSize });
    for (let update = 0; update < 2; update++) {
      const prompt = [1, 2, 3];
      const id = sampler.open(prompt);
      const { tokenIds, logProbs } = await sampler.decode(id, {
        temperature: 1,
        topP: 1,
        topK: 0,
        maxTokens: 12,
        uniform: (at) => (at * 0.618) % 1,
      });
      sampler.close(id);
      const model = samplerWeights === "int8" ? await givenBackTied(parameters) : parameters;
      const scorer = new LocalEngine(model, { optimizer: ADAMW, maxTokensPerMicroBatch: 200 });
      const row = { tokenIds: [...prompt, ...tokenIds], lossMask: [...prompt.map(() => 0), ...tokenIds.map(() => 1)] };
      const [scored] = await scorer.logProbs([row]);
      expect(relativeDifference(logProbs, scored!.slice(3))).toBeLessThan(2e-5);
      scorer.dispose();
      if (model !== parameters) model.dispose();
      await engine.forwardBackward(tinyRows([9, 5]), weightedLoss);
      await engine.optimStep({ learningRate: 0.02 });
    }
    sampler.dispose();
    engine.dispose();
    parameters.dispose();
  });
});

/** A copy of a model with tied embeddings whose head is one of its own. */
function withOwnHead(parameters: Parameters): Parameters {
  const values = (name: string) => parameters.get(name === "head" ? "embed" : name).dataSync() as Float32Array;
  return new Parameters({ ...TINY, tiedEmbeddings: false }, ({ name }) => values(name).slice());
}

/** {@link givenBack} of a model with tied embeddings. */
async function givenBackTied(parameters: Parameters): Promise<Parameters> {
  const untied = withOwnHead(parameters);
  const model = await givenBack(untied);
  untied.dispose();
  return model;
}

describe.each(KERNEL_BACKENDS)("copies of weights on %s", (backend) => {
  const sampleOnce = async (engine: Pick<LocalEngine, "sampler">) => {
    const sampler = await engine.sampler({ maxSequences: 1, maxLength: 20, vocabSize: TINY.vocabSize });
    const id = sampler.open([1, 2]);
    await sampler.decode(id, { temperature: 1, topP: 1, topK: 0, maxTokens: 2, uniform: () => 0.5 });
    sampler.dispose();
  };
  const matrices = 4 * TINY.layers + 1; // with the tied head
  const engineOf = (parameters: Parameters) => new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 200 });

  test("are made once, and go when training begins", async () => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    const engine = engineOf(parameters);
    await engine.forwardBackward(tinyRows([4]), weightedLoss); // makes the position tables
    engine.clearGradients();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 2; i++) {
      await sampleOnce(engine);
      expect(tf.memory().numTensors - before).toBe(matrices);
    }
    await engine.forwardBackward(tinyRows([4]), weightedLoss);
    engine.clearGradients();
    expect(tf.memory().numTensors).toBe(before);
    engine.dispose();
    parameters.dispose();
  });

  test("of a frozen base stay", async () => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    parameters.addAdapter(LORA);
    const engine = engineOf(parameters);
    await engine.forwardBackward(tinyRows([4]), weightedLoss);
    engine.clearGradients();
    const before = tf.memory().numTensors;
    await sampleOnce(engine);
    await engine.forwardBackward(tinyRows([4]), weightedLoss);
    engine.clearGradients();
    expect(tf.memory().numTensors - before).toBe(matrices);
    engine.dispose();
    parameters.dispose();
  });

  test("of a frozen base are those of its snapshots too, until the last of them ends", async () => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    parameters.addAdapter(LORA);
    const engine = engineOf(parameters);
    const snapshots = [await engine.snapshot(), await engine.snapshot()];
    await sampleOnce(engine); // makes the position tables, and the copies
    const tables = tf.memory().numTensors;
    for (const snapshot of snapshots) await sampleOnce(snapshot);
    const own = tf.memory().numTensors - tables; // position tables of the snapshots
    expect(own).toBeLessThan(matrices);
    for (const snapshot of snapshots) snapshot.dispose();
    const before = tf.memory().numTensors;
    await sampleOnce(engine);
    expect(tf.memory().numTensors).toBe(before);
    freeSpareMemory();
    expect(before - tf.memory().numTensors).toBe(matrices);
    engine.dispose();
    parameters.dispose();
  });

  test("are not made where memory is short, and are given back to whoever needs it", async () => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    const engine = engineOf(parameters);
    await engine.forwardBackward(tinyRows([4]), weightedLoss);
    engine.clearGradients();
    const before = tf.memory().numTensors;
    providePlatform({ ...PLATFORM, freeBytes: () => 0 });
    await sampleOnce(engine);
    expect(tf.memory().numTensors).toBe(before);
    providePlatform(PLATFORM);
    await sampleOnce(engine);
    expect(tf.memory().numTensors - before).toBe(matrices);
    freeSpareMemory();
    expect(tf.memory().numTensors).toBe(before);
    engine.dispose();
    parameters.dispose();
  });
});
