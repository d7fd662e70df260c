import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { streamKey, uniformAt } from "@retool-ts/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TEST_BACKENDS } from "../../test/backends.js";
import { ADAMW, relativeDifference, TINY, tinyRows, weightedLoss } from "../../test/tiny.js";
import { useBackend } from "../backend.js";
import { loadOptimizer, saveOptimizer } from "../checkpoint/optimizer-checkpoint.js";
import { Critic } from "../critic.js";
import { loadCritic, saveCritic } from "../checkpoint/critic-checkpoint.js";
import { FrozenPolicy } from "../frozen-policy.js";
import { LocalEngine } from "../local-engine.js";
import { Parameters } from "../parameters.js";
import { loadAdapter, saveAdapter } from "./adapter-checkpoint.js";
import type { TrainingRow } from "@retool-ts/engine";
import type { LoraOptions } from "./lora-options.js";

const LORA: LoraOptions = { rank: 3, alpha: 6, dropout: 0, modules: ["q", "k", "v", "o", "gate", "up", "down"], seed: 5 };
const LENGTHS = [9, 41, 3, 17];

function start(lora: Partial<LoraOptions> = {}, options: { readonly maxTokens?: number; readonly recompute?: boolean } = {}) {
  const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
  parameters.addAdapter({ ...LORA, ...lora });
  return { parameters, engine: makeEngine(parameters, options) };
}

function makeEngine(parameters: Parameters, { maxTokens = 1_000, recompute = false } = {}): LocalEngine {
  return new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: maxTokens, gradientCheckpointing: recompute });
}

function values(parameters: Parameters, which: "specs" | "trainableSpecs"): Map<string, Float32Array> {
  return new Map(parameters[which].map(({ name }) => [name, parameters.get(name).dataSync().slice() as Float32Array]));
}

/** A few updates on the same rows, and the adapter after them. */
async function train({ parameters, engine }: ReturnType<typeof start>, steps = 2): Promise<Map<string, Float32Array>> {
  for (let step = 0; step < steps; step++) {
    await engine.forwardBackward(tinyRows(LENGTHS), weightedLoss);
    await engine.optimStep({ learningRate: 0.02 });
  }
  return values(parameters, "trainableSpecs");
}

function stop({ parameters, engine }: ReturnType<typeof start>): void {
  engine.dispose();
  parameters.dispose();
}

/** Largest relative difference of any tensor. */
function distance(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  expect([...a.keys()]).toEqual([...b.keys()]);
  return Math.max(...[...a].map(([name, x]) => relativeDifference(x, b.get(name)!)));
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-lora-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe.each(TEST_BACKENDS)("training an adapter on %s", (backend) => {
  test("starts at the base model, changes only the adapter, and leaves the reference as it was", async () => {
    await useBackend(backend);
    const run = start({ dropout: 0.2 });
    const rows = tinyRows(LENGTHS);
    const [base, adapted] = [await run.engine.logProbs(rows, { adapter: false }), await run.engine.logProbs(rows)];
    adapted.forEach((row, i) => expect(relativeDifference(row, base[i]!)).toBeLessThan(1e-6));
    const frozen = values(run.parameters, "specs");
    // so that no gradient of a frozen weight is computed
    expect(run.parameters.specs.filter(({ name }) => run.parameters.get(name).trainable)).toEqual([]);
    await train(run);
    expect(values(run.parameters, "specs")).toEqual(frozen);
    expect(await run.engine.logProbs(rows, { adapter: false })).toEqual(base);
    expect(relativeDifference((await run.engine.logProbs(rows))[1]!, base[1]!)).toBeGreaterThan(0.01);
    expect([...run.engine.optimizer.state().keys()].filter((name) => !name.includes("lora"))).toEqual([]);
    stop(run);
  });

  test("the sampler's log-probabilities are those of training", async () => {
    await useBackend(backend);
    const run = start();
    await train(run);
    const sampler = await run.engine.sampler({ maxSequences: 2, maxLength: 40, vocabSize: TINY.vocabSize });
    const prompt = [3, 1, 4, 1, 5];
    const request = { temperature: 1, topP: 1, topK: 0, maxTokens: 30 };
    const { tokenIds, logProbs } = await sampler.decode(sampler.open(prompt), { ...request, uniform: (i) => (i * 0.61803) % 1 });
    sampler.dispose();
    const row = { tokenIds: [...prompt, ...tokenIds], lossMask: [...prompt.map(() => 0), ...tokenIds.map(() => 1)] };
    const [trained] = await run.engine.logProbs([row]);
    expect(Math.max(...logProbs.map((p, i) => Math.abs(p - trained![prompt.length + i]!)))).toBeLessThan(1e-5);
    stop(run);
  });

  test("a frozen branch shares the base, keeps the adapter it began with, and takes a newer one when told", async () => {
    await useBackend(backend);
    const run = start();
    await train(run); // as after a supervised stage: the reference is no longer the base
    const rows = tinyRows(LENGTHS);
    const before = await run.engine.logProbs(rows);
    const held = tf.memory().numBytes;
    const branch = new FrozenPolicy(await run.parameters.branchAdapter(), { maxTokensPerMicroBatch: 1_000 });
    const adapterBytes = 4 * run.parameters.trainableSpecs.reduce((sum, { shape }) => sum + shape[0]! * shape[1]!, 0);
    expect(tf.memory().numBytes - held).toBe(adapterBytes);
    expect(branch.parameters.get("embed")).toBe(run.parameters.get("embed"));
    await train(run);
    expect(await branch.logProbs(rows)).toEqual(before);
    await branch.parameters.copyFrom(run.parameters);
    expect(await branch.logProbs(rows)).toEqual(await run.engine.logProbs(rows));
    branch.dispose();
    expect((await run.engine.logProbs(rows))[0]).toHaveLength(LENGTHS[0]!); // the base is still there
    stop(run);
  });

  test("a critic has an adapter of its own on the same base, and goes on from its files to the bit", async () => {
    await useBackend(backend);
    const run = start();
    await train(run);
    const rows = tinyRows(LENGTHS);
    const policy = await run.engine.logProbs(rows);
    const options = { optimizer: ADAMW, maxTokensPerMicroBatch: 1_000, gradientCheckpointing: true };
    const critic = await Critic.fromPolicy(run.parameters, options);
    const learn = async (model: Critic) => {
      const { loss } = await model.forwardBackward(rows, ({ values: v }) => ({ loss: tf.sum<tf.Scalar>(tf.square(tf.sub(v, 1))) }));
      await model.optimStep({ learningRate: 0.02 });
      return loss;
    };
    const losses = [await learn(critic), await learn(critic), await learn(critic)];
    expect(losses[2]).toBeLessThan(losses[0]!);
    expect(critic.trainableSpecs.map(({ name }) => name).filter((name) => !name.includes("lora"))).toEqual([
      "valueHead.weights",
      "valueHead.bias",
    ]);
    expect(await run.engine.logProbs(rows)).toEqual(policy);
    await saveCritic(folder, critic);
    const loaded = await loadCritic(folder, options, run.parameters);
    expect(await learn(loaded)).toBe(await learn(critic));
    expect(await loaded.values(rows)).toEqual(await critic.values(rows));
    loaded.dispose();
    critic.dispose();
    stop(run);
  });

  test("dropout zeroes the same entries in whatever micro-batch a row is, and when a layer is computed again", async () => {
    await useBackend(backend);
    const adapters: Map<string, Float32Array>[] = [];
    for (const options of [{}, { maxTokens: 20 }, { recompute: true }, { maxTokens: 45, recompute: true }]) {
      const run = start({ dropout: 0.3 }, options);
      adapters.push(await train(run, 1));
      stop(run);
    }
    for (const adapter of adapters) expect(distance(adapter, adapters[0]!)).toBeLessThan(1e-4); // AdamW divides by small gradients
    const without = start({ dropout: 0 });
    expect(distance(await train(without, 1), adapters[0]!)).toBeGreaterThan(0.1);
    stop(without);
  });

  test("each module, layer and update zeroes entries of its own", async () => {
    await useBackend(backend);
    const modules = ["v", "gate", "up"] as const; // of one width, and all with a gradient at a row's first token
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    parameters.addAdapter({ ...LORA, modules, dropout: 0.5 }, ({ name, shape }) => {
      const key = streamKey(1, [name]);
      return Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => uniformAt(key, i) - 0.5);
    });
    const engine = makeEngine(parameters);
    const patterns: string[] = [];
    engine.optimizer.update = async (gradients) => {
      for (let layer = 0; layer < TINY.layers; layer++) {
        for (const module of modules) {
          // A row of A has no gradient where its input was zeroed at the one token that counts.
          const rows = gradients.get(`layers.${layer}.${module}.loraA`)!.arraySync() as number[][];
          patterns.push(rows.map((row) => (row.every((value) => value === 0) ? "0" : "1")).join(""));
        }
      }
      return { gradNorm: 0, applied: true };
    };
    for (const updates of [0, 1]) {
      vi.spyOn(engine.optimizer, "updates", "get").mockReturnValue(updates);
      await engine.forwardBackward([{ tokenIds: [3, 5], lossMask: [0, 1], fields: { weight: [0, 1] } }], weightedLoss);
      await engine.optimStep({ learningRate: 0 });
    }
    expect(patterns.length).toBe(12);
    expect(new Set(patterns).size, patterns.join(" ")).toBe(12);
    const zeroed = patterns.join("").replaceAll("1", "").length;
    expect(Math.abs(zeroed - (12 * TINY.hiddenSize) / 2)).toBeLessThan(40); // 144 ± 8.5
    stop({ parameters, engine });
  });

  test("a second forwardBackward of a step draws other entries, as its rows would in one call", async () => {
    await useBackend(backend);
    const rows = tinyRows(LENGTHS);
    const gradientsOf = async (calls: readonly (readonly TrainingRow[])[]) => {
      const run = start({ dropout: 0.3 });
      const gradients = new Map<string, Float32Array>();
      const update = run.engine.optimizer.update.bind(run.engine.optimizer);
      run.engine.optimizer.update = (all, learningRate) => {
        for (const [name, tensor] of all) gradients.set(name, tensor.dataSync().slice() as Float32Array);
        return update(all, learningRate);
      };
      for (const call of calls) await run.engine.forwardBackward(call, weightedLoss);
      await run.engine.optimStep({ learningRate: 0 });
      stop(run);
      return new Map([...gradients].filter(([name]) => name.endsWith("loraB"))); // B is 0, so A has no gradient yet
    };
    const twice = await gradientsOf([rows, rows]);
    expect(distance(twice, await gradientsOf([[...rows, ...rows]]))).toBeLessThan(1e-5);
    const doubled = new Map([...(await gradientsOf([rows]))].map(([name, values]) => [name, values.map((value) => 2 * value)]));
    expect(distance(twice, doubled)).toBeGreaterThan(0.1);
  });

  test("a run that goes on from its files is the same to the bit", async () => {
    await useBackend(backend);
    const whole = start({ dropout: 0.3 });
    const expected = await train(whole, 4);
    stop(whole);

    const first = start({ dropout: 0.3 });
    await train(first, 2);
    await saveAdapter(folder, first.parameters);
    await saveOptimizer(folder, first.engine.optimizer);
    stop(first);
    const parameters = Parameters.initialize(TINY, { seed: 3, embeddingStd: 0.5 });
    await loadAdapter(folder, parameters, { seed: LORA.seed });
    const second = { parameters, engine: makeEngine(parameters) };
    await loadOptimizer(folder, second.engine.optimizer);
    expect(await train(second, 2)).toEqual(expected);
    stop(second);
  });
});

test("both backends train the same adapter, with dropout", async () => {
  const [wasm, cpu] = [await onBackend("wasm"), await onBackend("cpu")];
  expect(distance(wasm, cpu)).toBeLessThan(1e-3);
  async function onBackend(backend: "wasm" | "cpu") {
    await useBackend(backend);
    const run = start({ dropout: 0.3, modules: ["q", "v", "up"] });
    try {
      return await train(run, 1);
    } finally {
      stop(run);
    }
  }
});
