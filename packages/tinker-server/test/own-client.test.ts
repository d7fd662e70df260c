import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrainingRow } from "@retool-ts/engine";
import { probeServer, type ServerReport, TinkerClient, TinkerEngine, type TrainingModel } from "@retool-ts/tinker";
import type { Datum } from "@retool-ts/tinker/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EOS, TINY, TinyServer, VOCABULARY } from "./tiny-server.js";

let server: TinyServer;
let client: TinkerClient;
let report: ServerReport;
const folder = mkdtempSync(join(tmpdir(), "own-client-"));

beforeAll(async () => {
  server = await TinyServer.open();
  client = await TinkerClient.connect({ baseUrl: server.server.url, vocabSize: VOCABULARY });
  report = await probeServer(client, { baseModel: "tiny", vocabSize: VOCABULARY, eosTokenId: EOS });
});
afterAll(async () => {
  await client.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

const open = (): Promise<TinkerEngine> =>
  TinkerEngine.create({
    client,
    baseModel: "tiny",
    rank: 4,
    model: { vocabSize: VOCABULARY, maxPositions: TINY.maxPositions, parameters: 0 },
    optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
    semantics: report.semantics,
  });
const ROWS: readonly TrainingRow[] = [
  { tokenIds: [3, 4, 5, 6, EOS], lossMask: [0, 0, 1, 1, 1] },
  { tokenIds: [7, 8, 9], lossMask: [0, 1, 0] },
];

async function learn(engine: TinkerEngine, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push((await engine.forwardBackward(ROWS, { name: "cross-entropy", normalizer: 4 })).loss);
    await engine.optimStep({ learningRate: 0.02 });
  }
  return losses;
}

test("the probe finds what the server promises", () => {
  expect(report.semantics).toMatchObject({
    reduction: "sum",
    accumulation: "sum",
    scalesWeights: true,
    usesLogProbs: true,
    clipsRatio: true,
    clipsWeight: true,
    clipsGradient: true,
  });
  expect(report.sampling).toMatchObject({ honoursSeed: true, keepsOldWeights: true, keepsTraining: true, includesStop: true });
  expect(report.sampling.mismatch).toBeLessThan(1e-4);
  expect(report.shapes).toEqual({
    oneToken: true,
    mixedLengths: true,
    severalChunks: true,
    severalTargets: false,
    int32Targets: true,
    bfloat16Weights: true,
    withoutWeights: true,
    overlong: false,
  });
  expect(report).toMatchObject({ encoding: "protobuf", restores: true, tellsNorm: true, clipsUnasked: false });
});

test("an engine learns, and goes on from its state to the bit", async () => {
  const engine = await open();
  const losses = await learn(engine, 4);
  expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  await engine.saveState(folder);
  const after = await learn(engine, 2);
  const other = await open();
  await other.loadState(folder);
  expect(await learn(other, 2)).toEqual(after);
  await engine.close();
  await other.close();
});

test("samples are the trainer's: log-probabilities agree, seeds repeat, and a snapshot stays as it was", async () => {
  const engine = await open();
  await learn(engine, 3);
  const snapshot = await engine.snapshot();
  const options = { maxSequences: 4, maxLength: 32, vocabSize: VOCABULARY };
  const sampler = await engine.sampler(options);
  const ask = { temperature: 1, topP: 1, topK: 0, maxTokens: 6, uniform: () => 0.375, stopTokenIds: [EOS] };
  const [first, second] = await Promise.all([sampler.decode(sampler.open([3, 4]), ask), sampler.decode(sampler.open([3, 4]), ask)]);
  expect(second).toEqual(first);
  const tokenIds = [3, 4, ...first.tokenIds];
  const row = { tokenIds, lossMask: tokenIds.map((_, t) => (t < 2 ? 0 : 1)) };
  const [scores] = await engine.logProbs([row]);
  first.logProbs.forEach((value, i) => expect(scores![2 + i]).toBeCloseTo(value, 4));
  await learn(engine, 3);
  const [frozen] = await snapshot.logProbs([row]);
  expect(Array.from(frozen!)).toEqual(Array.from(scores!));
  await engine.close();
});

test("what is not learned is left out when one asks, and a step is the same", async () => {
  const [whole, sparing] = [await newModel(), await newModel()];
  const data = [sequence([3, 4, 5, 6, EOS], [0, 1, 1, 1]), sequence([7, 8, 9], [1, 0])];
  const learned = [
    [0, 1, 1, 1],
    [1, 0],
  ];
  for (let step = 0; step < 3; step++) {
    const all = await whole.pass(data, CROSS_ENTROPY);
    expect(all.logProbs.every((values) => values.every((value) => value < 0))).toBe(true);
    const told = all.logProbs.map((values, i) => Array.from(values, (value, t) => (learned[i]![t] ? value : 0)));
    const some = await sparing.pass(data, { ...CROSS_ENTROPY, weightedOnly: true });
    expect(some.logProbs.map((values) => [...values])).toEqual(told);
    expect(some.metrics).toEqual(all.metrics);
    const scored = await sparing.pass(data, { ...CROSS_ENTROPY, weightedOnly: true, forwardOnly: true });
    scored.logProbs.forEach((values, i) =>
      values.forEach((value, t) => {
        expect(value).toBeCloseTo(told[i]![t]!, 5);
        expect(value === 0).toBe(learned[i]![t] === 0);
      }),
    );
    const [{ gradNorm }, other] = [await whole.optimStep(ADAM), await sparing.optimStep(ADAM)];
    expect(other.gradNorm).toBe(gradNorm);
  }
  await whole.unload();
  await sparing.unload();
});

test("sequences without any weight are taken, and teach nothing", async () => {
  const model = await newModel();
  const { logProbs, metrics } = await model.pass([sequence([3, 4, 5], [0, 0])], { ...CROSS_ENTROPY, weightedOnly: true });
  expect(logProbs.map((values) => [...values])).toEqual([[0, 0]]);
  expect(metrics["loss:sum"]).toBe(0);
  await model.unload();
});

test("the setting is a 0 or a 1", async () => {
  const model = await newModel();
  const asked = model.pass([sequence([3, 4], [1])], { ...CROSS_ENTROPY, config: { weighted_only: 2 } });
  await expect(asked).rejects.toThrow("loss_fn_config.weighted_only: expected 0 or 1, found 2");
  await model.unload();
});

const CROSS_ENTROPY = { lossFn: "cross_entropy" };
const ADAM = { learning_rate: 0.02, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 1 };

function newModel(): Promise<TrainingModel> {
  return client.createModel({ baseModel: "tiny", lora: { rank: 4, seed: 1, train_attn: true, train_mlp: true, train_unembed: false } });
}

function sequence(tokenIds: readonly number[], weights: readonly number[]): Datum {
  const shape = [weights.length];
  return {
    model_input: { chunks: [{ type: "encoded_text", tokens: tokenIds.slice(0, -1) }] },
    loss_fn_inputs: {
      target_tokens: { data: tokenIds.slice(1), dtype: "int64", shape },
      weights: { data: Float32Array.from(weights), dtype: "float32", shape },
    },
  };
}
