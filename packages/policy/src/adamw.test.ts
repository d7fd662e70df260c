import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { TEST_BACKENDS } from "../test/backends.js";
import { relativeDifference, TINY } from "../test/tiny.js";
import { AdamW, type AdamWOptions } from "./adamw.js";
import { useBackend } from "./backend.js";
import { Parameters } from "./parameters.js";

/** Contents of the file that test/fixtures/make_adamw_fixture.py writes. */
interface Fixture {
  readonly initial: Readonly<Record<string, number[]>>;
  readonly steps: readonly {
    readonly learningRate: number;
    readonly gradients: Readonly<Record<string, number[]>>;
    readonly gradNorm: number;
    readonly updated: Readonly<Record<string, number[]>>;
  }[];
}
const fixture = JSON.parse(readFileSync(new URL("../test/fixtures/torch-adamw.json", import.meta.url), "utf8")) as Fixture;

const config = { ...TINY, vocabSize: 5, hiddenSize: 4, heads: 1, kvHeads: 1, headDim: 4, layers: 1 };
const OPTIONS: AdamWOptions = { beta1: 0.9, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1, maxGradNorm: 1 };

/** Runs a test with parameters and an optimizer, and disposes of them. */
async function withAdamW(options: AdamWOptions, run: (parameters: Parameters, optimizer: AdamW) => Promise<void>): Promise<void> {
  const parameters = new Parameters(config, ({ name, shape }) =>
    Float32Array.from(fixture.initial[name] ?? new Float32Array(tf.util.sizeFromShape([...shape])).fill(0.5)),
  );
  const optimizer = new AdamW(parameters, options);
  try {
    await run(parameters, optimizer);
  } finally {
    optimizer.dispose();
    parameters.dispose();
  }
}

async function update(parameters: Parameters, optimizer: AdamW, values: Readonly<Record<string, number[]>>, learningRate: number) {
  const gradients = new Map(Object.entries(values).map(([name, list]) => [name, tf.tensor(list, parameters.get(name).shape)]));
  try {
    return await optimizer.update(gradients, learningRate);
  } finally {
    tf.dispose([...gradients.values()]);
  }
}

describe.each(TEST_BACKENDS)("AdamW on %s", (backend) => {
  test("three updates of PyTorch, clipped and not, decayed and not", async () => {
    await useBackend(backend);
    await withAdamW(OPTIONS, async (parameters, optimizer) => {
      for (const { learningRate, gradients, gradNorm, updated } of fixture.steps) {
        const result = await update(parameters, optimizer, gradients, learningRate);
        expect(result.applied).toBe(true);
        expect(Math.abs(result.gradNorm / gradNorm - 1)).toBeLessThan(1e-6);
        for (const [name, expected] of Object.entries(updated)) {
          expect(relativeDifference(parameters.get(name).dataSync(), expected), name).toBeLessThan(2e-6);
        }
      }
      expect(optimizer.updates).toBe(3);
    });
  });

  test("a case worked by hand", async () => {
    await useBackend(backend);
    await withAdamW({ ...OPTIONS, epsilon: 0.5, maxGradNorm: Infinity }, async (parameters, optimizer) => {
      await update(
        parameters,
        optimizer,
        { "layers.0.inputNorm": [2, -2, 0, 6], "layers.0.down": Array.from({ length: 80 }, () => 2) },
        0.1,
      );
      // m = 0.1·2 = 0.2, m̂ = 0.2/0.1 = 2; v = 0.05·4 = 0.2, v̂ = 0.2/0.05 = 4; step = 0.1·2/(2 + 0.5) = 0.08; for 6: 0.1·6/6.5
      const norm = parameters.get("layers.0.inputNorm").dataSync();
      [0.42, 0.58, 0.5, 0.5 - 0.6 / 6.5].forEach((expected, i) => expect(norm[i]).toBeCloseTo(expected, 6));
      // matrices decay: 0.5·(1 − 0.1·0.1) − 0.08 = 0.415
      expect(parameters.get("layers.0.down").dataSync()[7]).toBeCloseTo(0.415, 6);
      // no gradient, no change, not even decay
      expect(parameters.get("layers.0.qkv").dataSync()[3]).toBe(0.5);
    });
  });

  test("constants that come with an update hold for it alone", async () => {
    await useBackend(backend);
    const constants = { beta1: 0.5, beta2: 0.75, epsilon: 1, weightDecay: 0, maxGradNorm: Infinity };
    await withAdamW({ ...OPTIONS, epsilon: 0.5, maxGradNorm: Infinity }, async (parameters, optimizer) => {
      const run = async (constants?: Partial<AdamWOptions>) => {
        const gradient = tf.tensor1d([2, 0, 0, 0]);
        await optimizer.update(new Map([["layers.0.inputNorm", gradient]]), 0.1, constants);
        gradient.dispose();
        return parameters.get("layers.0.inputNorm").dataSync()[0]!;
      };
      // m = 0.5·2 = 1, m̂ = 1/0.5 = 2; v = 0.25·4 = 1, v̂ = 1/0.25 = 4; step = 0.1·2/(2 + 1)
      const first = 0.5 - 0.2 / 3;
      expect(await run(constants)).toBeCloseTo(first, 6);
      // m = 0.9·1 + 0.1·2 = 1.1, m̂ = 1.1/(1 − 0.81); v = 0.95·1 + 0.05·4 = 1.15, v̂ = 1.15/(1 − 0.9025); ε 0.5 again
      const second = first - (0.1 * (1.1 / 0.19)) / (Math.sqrt(1.15 / 0.0975) + 0.5);
      expect(await run()).toBeCloseTo(second, 6);
    });
  });

  test("a gradient is clipped from the largest norm on, and not below", async () => {
    await useBackend(backend);
    for (const [gradient, scale] of [
      [[0.9, 0, 0, 1.2], 1 / 1.5],
      [[0.3, 0, 0, 0.4], 1],
    ] as const) {
      // prettier-ignore
      await withAdamW({ ...OPTIONS, epsilon: 0.5 }, async (parameters, optimizer) => {
        const { gradNorm } = await update(parameters, optimizer, { "layers.0.inputNorm": [...gradient] }, 0.1);
        expect(gradNorm).toBeCloseTo(Math.hypot(...gradient), 6);
        // m̂ = g, v̂ = g²: step = 0.1·g/(|g| + 0.5)
        const expected = gradient.map((g) => 0.5 - (0.1 * g * scale) / (g * scale + 0.5));
        expect(relativeDifference(parameters.get("layers.0.inputNorm").dataSync(), expected)).toBeLessThan(2e-6);
      });
    }
  });

  test("without a gradient's push, matrices and embeddings shrink by rate times decay, and norms and Qwen2's biases stay", async () => {
    await useBackend(backend);
    await withAdamW({ ...OPTIONS, weightDecay: 0.4 }, async (parameters, optimizer) => {
      const zeros = Object.fromEntries(
        parameters.specs.map(({ name, shape }) => [name, Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => 0)]),
      );
      const before = new Map(parameters.specs.map(({ name }) => [name, parameters.get(name).dataSync().slice()]));
      await update(parameters, optimizer, zeros, 0.1);
      const decayed = ["embed", "layers.0.qkv", "layers.0.output", "layers.0.gateUp", "layers.0.down"];
      const kept = ["layers.0.inputNorm", "layers.0.qkvBias", "layers.0.queryNorm", "layers.0.keyNorm", "layers.0.postNorm", "finalNorm"];
      expect(parameters.specs.map(({ name }) => name).sort()).toEqual([...decayed, ...kept].sort());
      for (const name of kept) expect(parameters.get(name).dataSync(), name).toEqual(before.get(name));
      for (const name of decayed) {
        const expected = before.get(name)!.map((value) => value * (1 - 0.1 * 0.4));
        expect(relativeDifference(parameters.get(name).dataSync(), expected), name).toBeLessThan(1e-6);
      }
    });
  });

  test("moments take memory from the first update until they are forgotten", async () => {
    await useBackend(backend);
    await withAdamW(OPTIONS, async (parameters, optimizer) => {
      const { numTensors } = tf.memory();
      await update(parameters, optimizer, { "layers.0.inputNorm": [1, 1, 1, 1] }, 0.1);
      expect(tf.memory().numTensors).toBe(numTensors + 2);
      optimizer.reset();
      expect(tf.memory().numTensors).toBe(numTensors);
      expect([...optimizer.state().values()].every((moment) => moment.dataSync().every((value) => value === 0))).toBe(true);
    });
  });

  test.each([NaN, Infinity, -Infinity])("a gradient with %s changes nothing", async (bad) => {
    await useBackend(backend);
    await withAdamW(OPTIONS, async (parameters, optimizer) => {
      await update(parameters, optimizer, fixture.steps[0]!.gradients, 0.1);
      const state = () => [
        ...[...optimizer.state().values()].map((tensor) => [...tensor.dataSync()]),
        ...parameters.specs.map(({ name }) => [...parameters.get(name).dataSync()]),
      ];
      const before = state();
      const { applied, gradNorm } = await update(parameters, optimizer, { finalNorm: [1, bad, 1, 1] }, 0.1);
      expect(applied).toBe(false);
      expect(Number.isFinite(gradNorm)).toBe(false);
      expect(state()).toEqual(before);
      expect(optimizer.updates).toBe(1);
    });
  });
});
