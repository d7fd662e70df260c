import type { ValueLoss } from "@retool-ts/algorithms";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RandomStream } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADAMW, relativeDifference, TINY, tinyRows } from "../test/tiny.js";
import { useBackend, type BackendName } from "./backend.js";
import { Critic, type CriticOptions } from "./critic.js";
import { loadCritic, saveCritic } from "./checkpoint/critic-checkpoint.js";
import { Parameters } from "./parameters.js";

const ROWS = tinyRows([9, 14, 5]);
const OPTIONS = { optimizer: ADAMW, maxTokensPerMicroBatch: 16 };
/** Curved, so that a wrong value shows in the gradient as well. */
const loss: ValueLoss = ({ values, fields }) => {
  const total = tf.sum<tf.Scalar>(tf.mul(tf.square(tf.sub(values, 0.3)), fields["weight"]!));
  return { loss: total, metrics: { "value/sum": tf.sum<tf.Scalar>(values) } };
};

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-critic-"))));
afterAll(() => rm(folder, { recursive: true }));

/** A critic over random weights; its head is random as well. */
async function critic(options: Partial<CriticOptions> = {}): Promise<Critic> {
  const stream = new RandomStream(5, ["head"]);
  const head = { weights: Float32Array.from({ length: TINY.hiddenSize }, () => stream.uniform() - 0.5), bias: 0.25 };
  const trunk = Parameters.initialize({ ...TINY, tiedEmbeddings: true }, { seed: 3, embeddingStd: 0.5 });
  return new Critic(trunk, { ...OPTIONS, ...options, head });
}

/** The gradients that an update is given. */
async function gradientsOf(model: Critic): Promise<Map<string, Float32Array>> {
  const gradients = new Map<string, Float32Array>();
  model.optimizer.update = async (all) => {
    for (const [name, tensor] of all) gradients.set(name, tensor.dataSync().slice() as Float32Array);
    return { gradNorm: 0, applied: false };
  };
  await model.forwardBackward(ROWS, loss);
  await model.optimStep({ learningRate: 0 });
  return gradients;
}

async function totalLoss(model: Critic): Promise<number> {
  const values = await model.values(ROWS);
  let sum = 0;
  ROWS.forEach(({ lossMask, fields }, row) =>
    Array.from(lossMask).forEach((mask, t) => (sum += mask && t > 0 ? fields!["weight"]![t]! * (values[row]![t]! - 0.3) ** 2 : 0)),
  );
  return sum;
}

async function shift(model: Critic, name: string, direction: Float32Array, size: number): Promise<void> {
  const moved = tf.tidy(() => tf.add(model.get(name), tf.mul(tf.tensor(direction, model.get(name).shape), size)));
  model.get(name).assign(moved);
  moved.dispose();
}

test("with gradient checkpointing a forward pass keeps less, and the gradients are the same", async () => {
  await useBackend("wasm");
  const measured: { bytes: number; gradients: Map<string, Float32Array> }[] = [];
  for (const gradientCheckpointing of [false, true]) {
    const model = await critic({ gradientCheckpointing });
    const before = tf.memory().numBytes;
    let bytes = 0;
    await model.forwardBackward(ROWS.slice(0, 1), (inputs) => {
      bytes = tf.memory().numBytes - before;
      return loss(inputs);
    });
    await model.optimStep({ learningRate: 0 });
    measured.push({ bytes, gradients: await gradientsOf(model) });
    model.dispose();
  }
  const [kept, recomputed] = measured;
  expect(recomputed!.bytes).toBeLessThan(0.5 * kept!.bytes);
  for (const [name, gradient] of kept!.gradients) {
    expect(relativeDifference(recomputed!.gradients.get(name)!, gradient), name).toBeLessThan(1e-5);
  }
});

test("a critic that begins as a policy with an output head of its own leaves that out", async () => {
  await useBackend("wasm");
  const policy = Parameters.initialize({ ...TINY, tiedEmbeddings: false }, { seed: 3, embeddingStd: 0.5 });
  const names = (parameters: Parameters) => parameters.specs.map(({ name }) => name).filter((name) => name === "head");
  const model = await Critic.fromPolicy(policy, OPTIONS);
  expect([names(policy).length, names(model.trunk).length]).toEqual([1, 0]);
  model.dispose();
  policy.dispose();
});

test("one state alone has a gradient too", async () => {
  await useBackend("wasm");
  const model = await critic();
  const row = { tokenIds: Int32Array.of(1, 2), lossMask: Uint8Array.of(0, 1), fields: { weight: Float32Array.of(0, 1) } };
  const [values] = await model.values([row]);
  const { loss: measured } = await model.forwardBackward([row], loss);
  expect(measured).toBeCloseTo((values![1]! - 0.3) ** 2, 5);
  expect(measured).toBeGreaterThan(0);
  model.dispose();
});

test("a loss that fails leaves no tensors", async () => {
  await useBackend("wasm");
  const model = await critic();
  const failing: ValueLoss = () => {
    throw new Error("no such field");
  };
  await expect(model.forwardBackward(ROWS, failing)).rejects.toThrow("no such field");
  model.dispose();
});

test("files that are not whole leave no tensors", async () => {
  await useBackend("wasm");
  const [model, path] = [await critic(), join(folder, "cut")];
  await saveCritic(path, model);
  model.dispose();
  for (const file of ["optimizer.safetensors", "value-head.safetensors", "model.safetensors"]) {
    await rm(join(path, file));
    await expect(loadCritic(path, OPTIONS)).rejects.toThrow(`${file}: expected a file, found none`);
  }
});

describe.each(["cpu", "wasm"] as const)("a critic on %s", (backend: BackendName) => {
  beforeAll(() => useBackend(backend));

  test("its gradients are those of finite differences, in every kind of parameter", async () => {
    const model = await critic();
    try {
      const gradients = await gradientsOf(model);
      expect([...gradients.keys()].sort()).toEqual(model.trainableSpecs.map(({ name }) => name).sort());
      for (const [name, gradient] of gradients) {
        // Along the gradient itself the slope is its norm; a small step keeps the curvature out, a large one the rounding.
        const norm = Math.hypot(...gradient);
        const direction = gradient.map((value) => value / norm);
        const step = 4e-3;
        await shift(model, name, direction, step);
        const above = await totalLoss(model);
        await shift(model, name, direction, -2 * step);
        const below = await totalLoss(model);
        await shift(model, name, direction, step);
        expect(Math.abs((above - below) / (2 * step) / norm - 1), name).toBeLessThan(5e-3);
      }
    } finally {
      model.dispose();
    }
  });

  test("a value depends on what stands before its token, and on nothing else", async () => {
    const model = await critic();
    try {
      const [row] = tinyRows([9]);
      const changed = { ...row!, tokenIds: Array.from(row!.tokenIds).with(6, 1) };
      const [before, after] = await model.values([row!, changed]);
      expect(after!.slice(0, 7)).toEqual(before!.slice(0, 7));
      expect(after![7]).not.toBe(before![7]);
      Array.from(row!.lossMask).forEach((mask, t) => expect(before![t] === 0, `token ${t}`).toBe(mask === 0 || t === 0));
    } finally {
      model.dispose();
    }
  });

  test("one batch and several micro-batches give the same gradients", async () => {
    const [whole, split] = [await critic({ maxTokensPerMicroBatch: 1_000 }), await critic({ maxTokensPerMicroBatch: 9 })];
    try {
      const expected = await gradientsOf(whole);
      for (const [name, gradient] of await gradientsOf(split)) {
        gradient.forEach((value, i) => expect(value, name).toBeCloseTo(expected.get(name)![i]!, 4));
      }
    } finally {
      whole.dispose();
      split.dispose();
    }
  });

  test("one that starts from a policy values everything at 0, leaves the policy alone and learns", async () => {
    const policy = Parameters.initialize({ ...TINY, tiedEmbeddings: false }, { seed: 4, embeddingStd: 0.5 });
    const before = Float32Array.from(await policy.get("embed").data());
    const model = await Critic.fromPolicy(policy, OPTIONS);
    try {
      expect((await model.values(ROWS)).every((row) => row.every((value) => value === 0))).toBe(true);
      const target: ValueLoss = ({ values }) => ({ loss: tf.sum<tf.Scalar>(tf.square(tf.sub(values, 1))) });
      const losses: number[] = [];
      for (let i = 0; i < 15; i++) {
        losses.push((await model.forwardBackward(ROWS, target)).loss);
        await model.optimStep({ learningRate: 0.02 });
      }
      expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]!);
      expect(Float32Array.from(await policy.get("embed").data())).toEqual(before);
    } finally {
      model.dispose();
      policy.dispose();
    }
  });

  test("saved and loaded in the middle of training, it goes on to the bit", async () => {
    const [original, path] = [await critic(), join(folder, backend)];
    const train = async (model: Critic) => {
      const { loss: value, metrics } = await model.forwardBackward(ROWS, loss);
      return { value, metrics, ...(await model.optimStep({ learningRate: 0.01 })) };
    };
    try {
      await train(original);
      await saveCritic(path, original);
      const loaded = await loadCritic(path, OPTIONS);
      try {
        expect(await loaded.values(ROWS)).toEqual(await original.values(ROWS));
        expect(await train(loaded)).toEqual(await train(original));
        expect(await loaded.values(ROWS)).toEqual(await original.values(ROWS));
      } finally {
        loaded.dispose();
      }
    } finally {
      original.dispose();
    }
  });
});
