import type { TokenLoss } from "@retool-ts/algorithms";
import type { TrainingRow } from "@retool-ts/engine";
import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { KERNEL_BACKENDS, NATIVE, TEST_BACKENDS } from "../test/backends.js";
import { ADAMW, relativeDifference, TINY, tinyRows, weightedLoss } from "../test/tiny.js";
import { useBackend, type BackendName } from "./backend.js";
import type { ModelConfig } from "./config.js";
import { LocalEngine } from "./local-engine.js";
import { Parameters } from "./parameters.js";

interface Outcome {
  readonly loss: number;
  readonly gradNorm: number;
  readonly targets: number;
  /** The gradients, as AdamW was given them. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** Loss and gradients of rows, in micro-batches of at most so many tokens. */
async function outcome(
  backend: BackendName,
  config: ModelConfig,
  batches: readonly (readonly TrainingRow[])[],
  maxTokens = 10_000,
  gradientCheckpointing = false,
): Promise<Outcome> {
  await useBackend(backend);
  const parameters = Parameters.initialize(config, { seed: 3, embeddingStd: 0.5 });
  const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: maxTokens, gradientCheckpointing });
  const gradients = new Map<string, Float32Array>();
  const update = engine.optimizer.update.bind(engine.optimizer);
  engine.optimizer.update = (all, learningRate) => {
    for (const [name, tensor] of all) gradients.set(name, tensor.dataSync().slice() as Float32Array);
    return update(all, learningRate);
  };
  try {
    let [loss, targets] = [0, 0];
    for (const rows of batches) {
      const result = await engine.forwardBackward(rows, weightedLoss, { temperature: 0.8 });
      loss += result.loss;
      targets += result.targets;
    }
    const { gradNorm } = await engine.optimStep({ learningRate: 0.01 });
    return { loss, gradNorm, targets, gradients };
  } finally {
    engine.dispose();
    parameters.dispose();
  }
}

function expectSame(actual: Outcome, expected: Outcome, tolerance: number): void {
  expect(Math.abs(actual.loss / expected.loss - 1)).toBeLessThan(tolerance);
  expect(Math.abs(actual.gradNorm / expected.gradNorm - 1)).toBeLessThan(tolerance);
  expect([...actual.gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
  for (const [name, gradient] of expected.gradients) {
    expect(relativeDifference(actual.gradients.get(name)!, gradient), name).toBeLessThan(tolerance);
  }
}

/** Norm of the difference of all gradients, relative to their norm. */
function distance(actual: Outcome, expected: Outcome): number {
  let [difference, total] = [0, 0];
  for (const [name, gradient] of expected.gradients) {
    const other = actual.gradients.get(name)!;
    gradient.forEach((value, i) => {
      difference += (value - other[i]!) ** 2;
      total += value ** 2;
    });
  }
  return Math.sqrt(difference / total);
}

const plain = { ...TINY, modelType: "llama", queryKeyNorm: false, attentionBias: false } as const;
const LENGTHS = [9, 41, 1, 3, 17, 2];

describe("fused kernels give the loss and gradients of the portable operations", () => {
  const configs: readonly (readonly [string, ModelConfig])[] = [
    ["everything on", TINY],
    ["everything off, untied", { ...plain, tiedEmbeddings: false }],
    ["one key head, head size 4", { ...plain, heads: 6, kvHeads: 1, headDim: 4 }],
    ["no sharing of key heads, head size 16", { ...TINY, heads: 2, kvHeads: 2, headDim: 16 }],
    ["head size 32, odd widths", { ...plain, hiddenSize: 21, intermediateSize: 13, vocabSize: 31, heads: 2, kvHeads: 1, headDim: 32 }],
  ];
  test.each(configs)("%s", async (_, config) => {
    const rows = tinyRows(LENGTHS);
    const expected = await outcome("cpu", config, [rows]);
    for (const backend of KERNEL_BACKENDS) expectSame(await outcome(backend, config, [rows]), expected, 1e-5);
  });
});

test.each(KERNEL_BACKENDS)(
  "on %s, sums over many tokens keep to 1e-6 as well: 1,500 tokens in rows of 1, of 3, and at once",
  async (backend) => {
    const config = { ...TINY, hiddenSize: 64, intermediateSize: 168, vocabSize: 200, maxPositions: 512 };
    const rows = tinyRows([300, 120, 77, 250, 31, 400, 12, 310], config.vocabSize);
    const whole = await outcome(backend, config, [rows]);
    expectSame(
      await outcome(
        backend,
        config,
        rows.map((row) => [row]),
      ),
      whole,
      1e-6,
    );
    expectSame(await outcome(backend, config, [rows.slice(0, 3), rows.slice(3, 6), rows.slice(6)]), whole, 1e-6);
  },
);

describe.each(TEST_BACKENDS)("LocalEngine on %s", (backend) => {
  /** A native product without the fused kernels orders its sums by how many rows it has. */
  const tolerance = backend === "cpu" || KERNEL_BACKENDS.includes(backend) ? 1e-6 : 3e-6;

  test("micro-batches and several calls add up to the whole", async () => {
    const rows = tinyRows(LENGTHS);
    const whole = await outcome(backend, TINY, [rows]);
    const splits = [[rows], rows.map((row) => [row]), [rows.slice(0, 3), rows.slice(3)], [rows.slice(0, 2), rows.slice(2)]];
    for (const batches of splits) {
      const added = await outcome(backend, TINY, batches);
      expect(distance(added, whole)).toBeLessThan(1e-6);
      expectSame(added, whole, tolerance);
    }
    expectSame(await outcome(backend, TINY, [rows], 20), whole, tolerance);
    expect(whole.targets).toBe(rows.reduce((sum, { lossMask }) => sum + Array.from(lossMask).slice(1).filter(Boolean).length, 0));
  });

  test("layers that are computed again in the backward pass give the same gradients", async () => {
    const rows = tinyRows(LENGTHS);
    for (const config of [TINY, { ...plain, tiedEmbeddings: false }]) {
      expectSame(await outcome(backend, config, [rows], 10_000, true), await outcome(backend, config, [rows]), 1e-6);
    }
  });

  test("a row's log-probabilities do not depend on the rows packed beside it", async () => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 10_000 });
    const rows = tinyRows(LENGTHS);
    const together = await engine.logProbs(rows, { temperature: 0.8 });
    const alone: Float32Array[] = [];
    for (const row of rows) alone.push((await engine.logProbs([row], { temperature: 0.8 }))[0]!);
    engine.dispose();
    parameters.dispose();
    const tolerance = backend === NATIVE ? 1e-5 : 2e-6; // a native product orders its sums by how many rows it has
    rows.forEach(({ lossMask }, r) => {
      expect(together[r]!.length).toBe(lossMask.length);
      alone[r]!.forEach((logProb, i) => {
        expect(Math.abs(logProb - together[r]![i]!)).toBeLessThan(tolerance);
        // zero exactly where nothing is predicted
        expect(logProb === 0).toBe(i === 0 || !lossMask[i]);
      });
    });
  });

  test("no gradient comes from what the mask hides, and none flows back through it but as context", async () => {
    const [row] = tinyRows([12]);
    const hidden = {
      ...row!,
      lossMask: row!.lossMask,
      fields: { weight: Array.from(row!.fields!["weight"]!, (w, i) => (row!.lossMask[i] ? w : 1e6)) },
    };
    expectSame(await outcome(backend, TINY, [[hidden]]), await outcome(backend, TINY, [[row!]]), 1e-7);
  });

  test("metrics of micro-batches are added; rows without targets are skipped", async () => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 4 });
    const loss: TokenLoss = ({ logProbs, rowOfTarget }) => ({
      loss: tf.neg<tf.Scalar>(tf.sum(logProbs)),
      metrics: { tokens: tf.scalar(logProbs.size), rows: tf.add<tf.Scalar>(tf.max(rowOfTarget), 1) },
    });
    const seen: string[] = [];
    const rows = [...tinyRows([3, 1, 4]), { tokenIds: [1, 2, 3], lossMask: [1, 0, 0] }];
    const result = await engine.forwardBackward(rows, loss, { onMicroBatch: (done, total) => seen.push(`${done}/${total}`) });
    await engine.optimStep({ learningRate: 0.01 });
    const nothing = await engine.optimStep({ learningRate: 0.01 }).catch((error: unknown) => error);
    engine.dispose();
    parameters.dispose();
    expect(result.metrics).toEqual({ tokens: 4, rows: 2 }); // 2 + 0 + 2 targets
    expect(result.targets).toBe(4);
    expect(seen).toEqual(["1/3", "2/3", "3/3"]);
    expect(nothing).toMatchObject({ gradNorm: 0, applied: true });
  });

  test("a loss that is not finite is not applied, and the next step starts afresh", async () => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 100 });
    const before = parameters.get("embed").dataSync().slice();
    const rows = tinyRows([8]);
    await engine.forwardBackward(rows, ({ logProbs }) => ({ loss: tf.sum<tf.Scalar>(tf.mul(logProbs, Infinity)) }));
    expect((await engine.optimStep({ learningRate: 0.01 })).applied).toBe(false);
    expect(parameters.get("embed").dataSync()).toEqual(before);
    await engine.forwardBackward(rows, weightedLoss);
    expect((await engine.optimStep({ learningRate: 0.01 })).applied).toBe(true);
    engine.dispose();
    parameters.dispose();
  });

  test("a loss that no weight has a part in is refused and leaves no tensors", async () => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 100 });
    const loss: TokenLoss = ({ logProbs }) => ({ loss: tf.scalar(1), metrics: { tokens: tf.scalar(logProbs.size) } });
    await expect(engine.forwardBackward(tinyRows([8]), loss)).rejects.toThrow(/connection between any variable and the result/);
    engine.dispose();
    parameters.dispose();
  });

  test("an abort ends between micro-batches, and mistakes in rows are found before the kernels run", async () => {
    await useBackend(backend);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 10 });
    const controller = new AbortController();
    const aborted = engine.forwardBackward(tinyRows([9, 9, 9]), weightedLoss, {
      signal: controller.signal,
      onMicroBatch: (done) => done === 2 && controller.abort(),
    });
    await expect(aborted).rejects.toThrow(/abort/i);
    const failure = (row: TrainingRow) => engine.logProbs([row]).catch((error: unknown) => error);
    expect(await failure({ tokenIds: [1, 29], lossMask: [1, 1] })).toBeInstanceOf(RetoolError);
    expect(await failure({ tokenIds: [1, 1.5], lossMask: [1, 1] })).toMatchObject({
      message: "rows[0].tokenIds[1]: expected an id from 0 to 28, got 1.5",
    });
    expect(await failure({ tokenIds: new Int32Array(129), lossMask: new Int32Array(129) })).toMatchObject({ code: "ROW_TOO_LONG" });
    expect(await failure({ tokenIds: [1, 2], lossMask: [1] })).toMatchObject({ code: "SHAPE" });
    engine.dispose();
    parameters.dispose();
  });
});

describe("a row of 4,100 tokens, in one piece", () => {
  const config = { ...TINY, maxPositions: 4_100 };
  const rows = tinyRows([4_100]);

  test("has the same gradients with recomputed layers on wasm", async () => {
    const whole = await outcome("wasm", config, [rows]);
    expect([whole.targets > 1_000, Number.isFinite(whole.gradNorm)]).toEqual([true, true]);
    expectSame(await outcome("wasm", config, [rows], 8_192, true), whole, 1e-5);
  });

  test.skipIf(NATIVE === undefined)(
    "has, on native TensorFlow (skipped where it does not load), those of the kernels on wasm",
    async () => {
      expectSame(await outcome(NATIVE!, config, [rows], 8_192, true), await outcome("wasm", config, [rows]), 1e-3);
    },
  );
});

test("gradients of a run that failed do not reach the next one", async () => {
  await useBackend("cpu");
  const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
  const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 100 });
  await engine.forwardBackward([{ tokenIds: [1, 2, 3], lossMask: [0, 1, 1] }], { name: "cross-entropy", normalizer: 2 });
  await engine.resetOptimizer();
  expect((await engine.optimStep({ learningRate: 0.1 })).gradNorm).toBe(0);
  engine.dispose();
  parameters.dispose();
});

test.each(TEST_BACKENDS)("%s: a loss is measured as it is learned from, and leaves no gradient behind", async (backend) => {
  await useBackend(backend);
  const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
  const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 30 });
  const rows = tinyRows([9, 17, 5, 23]);
  const loss: TokenLoss = (inputs) => ({ ...weightedLoss(inputs), metrics: { entropy: tf.sum(inputs.entropies), rows: tf.scalar(1) } });
  const measured = await engine.measure(rows, loss, { temperature: 0.8 });
  expect((await engine.optimStep({ learningRate: 0 })).gradNorm).toBe(0);
  const learned = await engine.forwardBackward(rows, loss, { temperature: 0.8 });
  expect(measured.targets).toBe(learned.targets);
  expect(Math.abs(measured.loss / learned.loss - 1)).toBeLessThan(1e-5);
  expect(Object.keys(measured.metrics)).toEqual(["entropy", "rows"]);
  for (const [name, value] of Object.entries(learned.metrics)) expect(measured.metrics[name]).toBeCloseTo(value, 5);
  engine.dispose();
  parameters.dispose();
});

test("facts of the model that sampling is planned by", async () => {
  await useBackend("cpu");
  const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
  const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 100 });
  const { vocabSize, maxPositions, layers, kvHeads, headDim } = TINY;
  const cacheBytesPerToken = 2 * layers * kvHeads * headDim * 4; // keys and values, 32-bit floats
  expect(engine.model).toEqual({ vocabSize, maxPositions, cacheBytesPerToken, parameters: parameters.count });
  engine.dispose();
  parameters.dispose();
});
