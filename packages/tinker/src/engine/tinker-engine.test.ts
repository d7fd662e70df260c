import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LossSpec, PolicyLoss, TrainingRow } from "@retool-ts/engine";
import { afterEach, expect, test } from "vitest";
import { StubServer } from "../client/stub-server.test-support.js";
import { probeServer } from "../probe/probe-server.js";
import type { ForwardBackwardRequest } from "../wire/forward-backward.js";
import { probeShapes } from "../probe/probe-shapes.js";
import { HOSTED_SEMANTICS, REDUCTIONS, type ServerSemantics } from "./server-semantics.js";
import { TinkerEngine } from "./tinker-engine.js";
import { TOY_PLACES, ToyModel, type ToySemantics } from "./toy-model.test-support.js";

const VOCAB = 60;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(): string {
  folders.push(mkdtempSync(join(tmpdir(), "tinker-")));
  return folders.at(-1)!;
}

async function open(toy: Partial<ToySemantics> = {}, semantics: Partial<ServerSemantics> = {}, options: object = {}) {
  const server = new StubServer();
  server.model = new ToyModel(VOCAB, toy);
  const client = await server.connect({ vocabSize: VOCAB, chunks: { maxDatums: 2 } });
  const said: string[] = [];
  const engine = await server.timer.settle(
    TinkerEngine.create({
      client,
      baseModel: "tiny",
      rank: 4,
      model: { vocabSize: VOCAB, maxPositions: 32, parameters: 60 },
      optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 },
      semantics: { ...HOSTED_SEMANTICS, ...semantics },
      runName: "run",
      say: (text) => void said.push(text),
      ...options,
    }),
  );
  return { server, client, engine, said, run: <T>(work: Promise<T>) => server.timer.settle(work) };
}

const COUNTS = { tokens: 12, rollouts: 4, trainedTokens: 8, trainedRows: 3, maxResponseTokens: 10 };
const PPO: PolicyLoss = {
  name: "ppo-clip",
  clipLow: 0.2,
  clipHigh: 0.2,
  dualClip: null,
  aggregation: "token-mean",
  entropyCoef: 0,
  importance: null,
  offPolicyThreshold: null,
  kl: null,
  counts: COUNTS,
};

/** Rows of different lengths; old log-probabilities are off the model's by a little here, and by much there. */
function rows(): TrainingRow[] {
  const probabilities = new ToyModel(VOCAB).probabilities;
  const ids = [
    [1, 5, 9, 13],
    [1, 6, 7, 8, 9, 10],
    [2, 30, 31],
  ];
  return ids.map((tokenIds, row) => {
    const lossMask = tokenIds.map((_, t) => (t === 0 || (row === 1 && t === 2) ? 0 : 1));
    const oldLogProbs = Float32Array.from(tokenIds, (id, t) => Math.log(probabilities[id]!) + 0.3 * Math.sin(5 * (row + t)));
    const fields = {
      oldLogProbs,
      samplerLogProbs: oldLogProbs.map((value, t) => value - 0.1 * t),
      advantages: Float32Array.from(tokenIds, (_, t) => Math.cos(row + 2 * t)),
      refLogProbs: oldLogProbs.map((value) => value + 0.2),
      tokensInRow: new Float32Array(tokenIds.length).fill(lossMask.filter(Boolean).length),
    };
    return { tokenIds, lossMask, fields };
  });
}

const LOSSES: readonly (readonly [string, LossSpec])[] = [
  ["cross-entropy", { name: "cross-entropy", normalizer: 9 }],
  ["ppo", PPO],
  [
    "ppo with importance weights, each sequence alike",
    { ...PPO, importance: { level: "token", cap: 1.05, average: "product" }, aggregation: "seq-mean-token-mean" },
  ],
  ["ppo with dual clip and KL penalty", { ...PPO, dualClip: 3, kl: { coef: 0.5, estimator: "k3" } }],
  ["cispo", { ...PPO, name: "cispo" }],
  ["gspo", { ...PPO, name: "gspo", clipLow: 0.001, clipHigh: 0.001 }],
];

/** Gradient and result of one step. */
async function step(loss: LossSpec, toy: Partial<ToySemantics>, semantics: Partial<ServerSemantics>) {
  const { server, engine, run } = await open(toy, semantics);
  const { loss: value, metrics, targets } = await run(engine.forwardBackward(rows(), loss));
  const { gradNorm } = await run(engine.optimStep({ learningRate: 0.01 }));
  return { value, metrics, targets, gradNorm, gradient: Array.from(server.model!.steps[0]!), requests: server.of("forward_backward") };
}

const expectClose = (found: readonly number[], expected: readonly number[]) =>
  found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));

test.each(LOSSES)("%s: one gradient on every server", async (_, loss) => {
  const linear = { losses: ["importance_sampling"], clipsWeight: false };
  const expected = await step(loss, {}, linear);
  expect(expected.gradNorm).toBeGreaterThan(0.01);
  for (const reduction of REDUCTIONS) {
    const accumulation = reduction.endsWith("mean") && reduction !== "batch-mean" ? "mean" : "sum";
    const scalesWeights = reduction === "sum" || reduction === "datum-mean";
    for (const own of [{}, linear, { clipsWeight: false }]) {
      const found = await step(loss, { reduction }, { reduction, accumulation, scalesWeights, ...own });
      expectClose(found.gradient, expected.gradient);
      expect(found.value).toBeCloseTo(expected.value, 5);
      expect(found.targets).toBe(9);
    }
  }
});

test("a server that puts its own log-probabilities in place of those sent gets the same gradient", async () => {
  const expected = await step(PPO, {}, {});
  const found = await step(PPO, { usesLogProbs: false, clips: false }, { usesLogProbs: false, clipsRatio: false, clipsWeight: false });
  expectClose(found.gradient, expected.gradient);
});

test("a gradient by hand: cross-entropy of one token", async () => {
  // dL/dlogit(k) = (p(k) − 1[k = 5]) / 2 with the normalizer 2.
  const { server, engine, run } = await open();
  const { loss } = await run(engine.forwardBackward([{ tokenIds: [1, 5], lossMask: [1, 1] }], { name: "cross-entropy", normalizer: 2 }));
  const probabilities = server.model!.probabilities;
  await run(engine.optimStep({ learningRate: 0.01 }));
  expect(loss).toBeCloseTo(-Math.log(probabilities[5]!) / 2, 6);
  expectClose(
    Array.from(server.model!.steps[0]!),
    Array.from(probabilities, (p, k) => (p - (k === 5 ? 1 : 0)) / 2),
  );
});

test("losses that a server has are sent as they are, with weights, and others by their slopes", async () => {
  const native = await step(PPO, {}, {});
  expect(native.requests.map(({ body }) => inputOf(body).loss_fn)).toEqual(["ppo", "ppo"]);
  expect(inputOf(native.requests[0]!.body).loss_fn_config).toEqual({ clip_low_threshold: 0.8, clip_high_threshold: 1.2 });
  const sloped = await step({ ...PPO, dualClip: 10 }, {}, {});
  expect(sloped.requests.map(({ body }) => [inputOf(body).loss_fn, body["forward_only"]])).toEqual([["cross_entropy", true], ["cross_entropy", true], ["cispo", false], ["cispo", false]]); // prettier-ignore
  expect(inputOf(sloped.requests[2]!.body).loss_fn_config).toEqual({ clip_low_threshold: 1, clip_high_threshold: 1 });
  for (const { body } of [...native.requests, ...sloped.requests]) {
    for (const { loss_fn_inputs: inputs } of inputOf(body).data) expect(Object.keys(inputs)).toContain("weights");
  }
});

test("log-probabilities that were asked for before are not asked for again, until the weights change", async () => {
  const { server, engine, run } = await open();
  const batch = rows();
  const [scores] = await run(engine.logProbs(batch));
  expect(Array.from(scores!.slice(0, 1))).toEqual([0]);
  expect(scores![1]).toBeCloseTo(Math.log(server.model!.probabilities[5]!), 5);
  await run(engine.forwardBackward(batch, { ...PPO, dualClip: 10 }));
  const forwards = () => server.of("forward_backward").filter(({ body }) => body["forward_only"] === true).length;
  expect(forwards()).toBe(2);
  await run(engine.optimStep({ learningRate: 0.1 }));
  await run(engine.forwardBackward(batch, { ...PPO, dualClip: 10 }));
  expect(forwards()).toBe(4);
});

test("a loss is measured by a pass that leaves no gradient", async () => {
  const { server, engine, run } = await open();
  const measured = await run(engine.measure(rows(), PPO));
  expect(server.of("forward_backward").every(({ body }) => body["forward_only"] === true)).toBe(true);
  expect(measured).toEqual(await run(engine.forwardBackward(rows(), PPO)));
  expect(await run(engine.measure([{ tokenIds: [1, 2], lossMask: [1, 0], fields: {} }], PPO))).toEqual({
    loss: 0,
    metrics: {},
    targets: 0,
  });
});

test("rows that are masked away are not sent, and a pass without targets asks for nothing", async () => {
  const { server, engine, run } = await open();
  const empty = { tokenIds: [1, 2, 3], lossMask: [1, 0, 0], fields: {} };
  expect(await run(engine.forwardBackward([empty], { name: "cross-entropy", normalizer: 3 }))).toEqual({
    loss: 0,
    metrics: {},
    targets: 0,
  });
  expect(await run(engine.logProbs([empty]))).toEqual([new Float32Array(3)]);
  expect(server.of("forward_backward")).toEqual([]);
  await run(engine.forwardBackward([empty, { tokenIds: [1, 2], lossMask: [0, 1], fields: {} }], { name: "cross-entropy", normalizer: 1 }));
  expect(server.of("forward_backward").map(({ body }) => inputOf(body).data.length)).toEqual([1]);
});

test("a server that averages over sequences is filled up to as many as were expected, and told of more", async () => {
  const mean = { reduction: "sequence-mean", accumulation: "mean", scalesWeights: false } as const;
  const whole = await step({ ...PPO, counts: { ...COUNTS, trainedRows: 3 } }, {}, {});
  const { server, engine, run } = await open({ reduction: "sequence-mean" }, mean);
  for (const row of rows()) await run(engine.forwardBackward([row], { ...PPO, counts: { ...COUNTS, trainedRows: 5 } }));
  await run(engine.optimStep({ learningRate: 0.01 }));
  expectClose(Array.from(server.model!.steps[0]!), whole.gradient);

  for (const row of rows()) await run(engine.forwardBackward([row], { ...PPO, counts: { ...COUNTS, trainedRows: 2 } }));
  await expect(run(engine.optimStep({ learningRate: 0.01 }))).rejects.toThrow(/1 more than the loss gave to expect/);
});

test("optimizer constants are sent, and what a server does not do is said once", async () => {
  const { server, engine, run, said } = await open(
    { tellsNorm: false, takesZeroRate: false },
    { clipsGradient: false, takesZeroRate: false },
  );
  for (let i = 0; i < 2; i++) {
    await run(engine.forwardBackward(rows(), { name: "cross-entropy", normalizer: 9 }));
    expect(await run(engine.optimStep({ learningRate: 0 }))).toEqual({ gradNorm: 0 });
  }
  const adam = { learning_rate: 1e-12, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.1, grad_clip_norm: 1 };
  expect(server.of("optim_step")[0]!.body["adam_params"]).toEqual(adam);
  expect(said).toEqual([expect.stringMatching(/maxGradNorm 1 has no effect/), expect.stringMatching(/norm of the gradient/)]);
});

test("after a pass that failed no step is taken, until a state is read", async () => {
  const { server, engine, run } = await open();
  const path = folder();
  await run(engine.saveState(path));
  server.plan("retrieve_future", { json: { error: "out of memory" } });
  await expect(run(engine.forwardBackward(rows(), { name: "cross-entropy", normalizer: 9 }))).rejects.toThrow("out of memory");
  await expect(run(engine.optimStep({ learningRate: 0.1 }))).rejects.toThrow(/part of its gradients/);
  await run(engine.loadState(path));
  await run(engine.forwardBackward(rows(), { name: "cross-entropy", normalizer: 9 }));
  await run(engine.optimStep({ learningRate: 0.1 }));
});

test.each([
  ["temperature", (engine: TinkerEngine) => engine.forwardBackward(rows(), PPO, { temperature: 0.7 }), /temperature 0.7/],
  ["temperature of scores", (engine: TinkerEngine) => engine.logProbs(rows(), { temperature: 0.7 }), /temperature 0.7/],
  ["entropy bonus", (engine: TinkerEngine) => engine.forwardBackward(rows(), { ...PPO, entropyCoef: 0.01 }), /entropyCoef 0.01/],
  ["function", (engine: TinkerEngine) => engine.forwardBackward(rows(), (() => ({})) as unknown as LossSpec), /function cannot be sent/],
  [
    "long row",
    (engine: TinkerEngine) => engine.logProbs([{ tokenIds: Array.from({ length: 33 }, () => 1), lossMask: [] }]),
    /at most 32 tokens/,
  ],
  ["unknown id", (engine: TinkerEngine) => engine.logProbs([{ tokenIds: [60], lossMask: [1] }]), /id from 0 to 59, got 60/],
])("%s: refused by name, and nothing sent", async (_, work, message) => {
  const { server, engine, run } = await open();
  const sent = server.of("forward_backward").length;
  await expect(run<unknown>(work(engine))).rejects.toThrow(message);
  expect(server.of("forward_backward").filter(({ body }) => body["forward_only"] !== true)).toHaveLength(sent);
});

test("a loss that nothing on the server can say is refused by name", async () => {
  const { engine, run } = await open({}, { losses: ["cross_entropy"] });
  await expect(run(engine.forwardBackward(rows(), PPO))).rejects.toThrow(/ppo-clip: this server has neither/);
});

test("a state is a name in a folder: a fresh engine loads it at once, another by a new model", async () => {
  const { server, engine, run } = await open();
  const path = folder();
  await run(engine.forwardBackward(rows(), { name: "cross-entropy", normalizer: 9 }));
  await run(engine.optimStep({ learningRate: 0.1 }));
  expect(await engine.weightsDigest()).toBe("base tiny + 1 on model-0");
  await run(engine.saveState(path));
  const state = JSON.parse(readFileSync(join(path, "tinker.json"), "utf8")) as { path: string };
  expect(state).toEqual({ format: 1, baseUrl: "http://stub/", baseModel: "tiny", rank: 4, path: state.path, updates: 1 });
  expect(await engine.weightsDigest()).toBe(state.path);

  await run(engine.loadState(path));
  expect(server.of("load_weights").at(-1)!.body).toMatchObject({ model_id: "model-1", path: state.path, optimizer: true, seq_id: 1 });
  expect(server.of("unload_model").map(({ body }) => body["model_id"])).toEqual(["model-0"]);

  const fresh = await open();
  await fresh.run(fresh.engine.loadState(path));
  expect(fresh.server.of("load_weights")[0]!.body).toMatchObject({ model_id: "model-0", seq_id: 1 });
  expect(fresh.server.of("create_model")).toHaveLength(1);
  expect(await fresh.engine.weightsDigest()).toBe(state.path);
  await expect(fresh.engine.loadState(folder())).rejects.toThrow(/no such file/);
  const other = await open({}, {}, { rank: 8 });
  await expect(other.engine.loadState(path)).rejects.toThrow(/rank 8, found tiny with rank 4/);
});

test("moments are forgotten by a new model, and by nothing where none were made", async () => {
  const { server, engine, run } = await open();
  await run(engine.resetOptimizer());
  expect(server.of("create_model")).toHaveLength(1);
  await run(engine.forwardBackward(rows(), { name: "cross-entropy", normalizer: 9 }));
  await run(engine.optimStep({ learningRate: 0.1 }));
  await run(engine.resetOptimizer());
  expect(server.of("load_weights")[0]!.body).toMatchObject({ model_id: "model-1", optimizer: false });
});

test("a snapshot of a fresh adapter is the base model; a later one is a model of its own", async () => {
  const { server, engine, run } = await open();
  const first = await run(engine.snapshot());
  const [scores] = await run(first.logProbs([{ tokenIds: [10, 20, 30], lossMask: [1, 0, 1] }]));
  expect(Array.from(scores!, (value) => Math.round(100 * value))).toEqual([0, 0, -30]);
  expect(server.of("asample")[0]!.body).toMatchObject({ prompt_logprobs: true });
  expect(server.of("create_sampling_session")[0]!.body).toMatchObject({ base_model: "tiny" });

  await run(engine.forwardBackward(rows(), { name: "cross-entropy", normalizer: 9 }));
  await run(engine.optimStep({ learningRate: 0.1 }));
  const second = await run(engine.snapshot());
  expect(server.of("load_weights")[0]!.body).toMatchObject({ model_id: "model-1", optimizer: false });
  await run(second.logProbs([{ tokenIds: [1, 2], lossMask: [0, 1] }]));
  expect(server.of("forward_backward").at(-1)!.body).toMatchObject({ model_id: "model-1", forward_only: true });

  const path = folder();
  await run(second.save(path));
  const again = await run(engine.loadSnapshot(path));
  expect(await again.weightsDigest()).toBe(await second.weightsDigest());
  await run(first.save(path));
  expect(await (await run(engine.loadSnapshot(path))).weightsDigest()).toBe("base tiny");

  await run(engine.forwardBackward(rows(), { name: "cross-entropy", normalizer: 9 }));
  await run(engine.optimStep({ learningRate: 0.1 }));
  await run(second.refresh());
  expect(await second.weightsDigest()).not.toBe(await again.weightsDigest());
  await run(engine.close());
  const models = server.of("create_model").length;
  await run(new Promise(setImmediate));
  expect(new Set(server.of("unload_model").map(({ body }) => body["model_id"])).size).toBe(models);
});

test("samplers have the newest weights, kept once an update, and old ones are removed", async () => {
  const { server, engine, run } = await open();
  const sampler = await engine.sampler({ maxSequences: 4, maxLength: 20, vocabSize: VOCAB });
  const ask = { temperature: 1, topP: 1, topK: 0, maxTokens: 4, uniform: () => 0.5, stopTokenIds: [2] };
  const sequences = [sampler.open([1]), sampler.open([1])];
  await run(Promise.all(sequences.map((sequence) => sampler.decode(sequence, ask))));
  expect(server.of("save_weights_for_sampler")).toHaveLength(1);
  await run(engine.forwardBackward(rows(), { name: "cross-entropy", normalizer: 9 }));
  await run(engine.optimStep({ learningRate: 0.1 }));
  await run(sampler.decode(sequences[0]!, ask));
  expect(server.of("save_weights_for_sampler")).toHaveLength(2);
  const deleted = server.seen.filter(({ method }) => method === "DELETE").map(({ route }) => route);
  expect(deleted).toEqual([expect.stringMatching(/^training_runs\/model-0\/checkpoints\/sampler_weights\/run-sampler-/)]);
});

test.each([
  [
    {},
    {
      reduction: "sum",
      accumulation: "sum",
      scalesWeights: true,
      usesLogProbs: true,
      clipsRatio: true,
      clipsWeight: true,
      clipsGradient: true,
      takesZeroRate: true,
    },
  ],
  [
    { reduction: "sequence-mean", clipsGradient: false },
    { reduction: "sequence-mean", accumulation: "mean", scalesWeights: false, clipsGradient: false },
  ],
  [{ reduction: "sequence-sum" }, { reduction: "sequence-sum", accumulation: "sum", scalesWeights: false }],
  [{ reduction: "datum-mean" }, { reduction: "datum-mean", accumulation: "mean", scalesWeights: true }],
  [
    { reduction: "batch-mean", tellsNorm: false, takesZeroRate: false },
    { reduction: "batch-mean", accumulation: "sum", scalesWeights: false, takesZeroRate: false },
  ],
  [
    { usesLogProbs: false, clips: false },
    { reduction: "sum", usesLogProbs: false, clipsRatio: false, clipsWeight: false },
  ],
  [{ losses: ["cross_entropy", "ppo"] }, { losses: ["cross_entropy", "ppo"], scalesWeights: true }],
  [{ tellsNorm: false }, { reduction: "sum", usesLogProbs: true, clipsRatio: true, clipsWeight: true, clipsGradient: true }],
] as const)("the probe finds a server of %o", async (toy, expected) => {
  const server = new StubServer();
  server.model = new ToyModel(VOCAB, toy);
  const client = await server.connect({ vocabSize: VOCAB });
  const report = await server.timer.settle(probeServer(client, { baseModel: "tiny", vocabSize: VOCAB }));
  expect(report.semantics).toMatchObject(expected);
  expect(report.tellsNorm).toBe(server.model.semantics.tellsNorm);
  expect(report.sampling).toMatchObject({ promptLogProbs: "P", includesStop: false, honoursSeed: false });
  await server.timer.settle(client.close());
  expect(server.of("unload_model")).toHaveLength(server.of("create_model").length);
});

const SHAPES = {
  oneToken: true,
  mixedLengths: true,
  severalChunks: true,
  severalTargets: false,
  int32Targets: true,
  bfloat16Weights: true,
  withoutWeights: true,
  overlong: true,
};

test.each([
  [["several targets"], SHAPES],
  [[], { ...SHAPES, severalTargets: true }],
  [["several targets", "other types", "no weights"], { ...SHAPES, int32Targets: false, bfloat16Weights: false, withoutWeights: false }],
  [["several targets", "several chunks", "overlong"], { ...SHAPES, severalChunks: false, overlong: false }],
  [["several targets", "one token", "mixed lengths"], { ...SHAPES, oneToken: false, mixedLengths: false }],
] as const)("the probe finds the shapes that a server refuses: %o", async (refuses, expected) => {
  const server = new StubServer();
  server.model = new ToyModel(VOCAB, { refuses });
  const client = await server.connect({ vocabSize: VOCAB });
  const begun = server.seen.length;
  const options = { baseModel: "tiny", rank: 4, vocabSize: VOCAB };
  expect(await server.timer.settle(probeShapes(client, { ...options, maxPositions: TOY_PLACES }))).toEqual(expected);
  // Nothing that could spoil a server: no gradients, no step, no id beyond the vocabulary, no number that is not finite.
  const sent = server.seen.slice(begun);
  expect(new Set(sent.map(({ route }) => route))).toEqual(new Set(["create_model", "retrieve_future", "forward_backward", "unload_model"]));
  for (const { body } of sent.filter(({ route }) => route === "forward_backward")) {
    expect(body["forward_only"]).toBe(true);
    const { data } = (body as unknown as ForwardBackwardRequest).forward_backward_input;
    const ids = data.flatMap(({ model_input: { chunks }, loss_fn_inputs: { target_tokens: targets } }) => [
      ...chunks.flatMap(({ tokens }) => Array.from(tokens)),
      ...Array.from(targets!.data),
    ]);
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.filter((id) => !(id >= 0 && id < VOCAB))).toEqual([]);
  }
  // Where nobody knows the longest sequence, or it is long, none is sent to find out.
  expect((await server.timer.settle(probeShapes(client, options))).overlong).toBeUndefined();
  expect((await server.timer.settle(probeShapes(client, { ...options, maxPositions: 32_768 }))).overlong).toBeUndefined();
});

test("shapes that a server does not take are not sent: rows are refused by name, and what fills up a step has two tokens", async () => {
  const toy = { reduction: "sequence-mean", refuses: ["several targets", "one token", "mixed lengths"] } as const;
  const { engine, run, server } = await open(toy, { ...toy, accumulation: "mean", takesOneToken: false, takesMixedLengths: false });
  const row = (...tokenIds: number[]): TrainingRow => ({ tokenIds, lossMask: tokenIds.map((_, t) => (t === 0 ? 0 : 1)) });
  const loss: LossSpec = { name: "cross-entropy", normalizer: 4 };
  await expect(run(engine.forwardBackward([row(1, 2, 3), row(1, 2)], loss))).rejects.toThrow("does not take a sequence of one token");
  await expect(run(engine.forwardBackward([row(1, 2, 3), row(1, 2, 3, 4)], loss))).rejects.toThrow("sequences of one length alone");
  await run(engine.forwardBackward([row(1, 2, 3)], loss)); // half of the targets that the loss gives to expect
  await run(engine.optimStep({ learningRate: 0.01 }));
  const last = inputOf(server.of("forward_backward").at(-1)!.body).data as unknown as { model_input: { chunks: { tokens: number[] }[] } }[];
  expect(last.map(({ model_input: { chunks } }) => chunks[0]!.tokens.length)).toEqual([2, 2]);
});

function inputOf(body: Record<string, unknown>): { loss_fn: string; loss_fn_config: object; data: { loss_fn_inputs: object }[] } {
  return body["forward_backward_input"] as ReturnType<typeof inputOf>;
}

test("a long step whose loss needs log-probabilities first is scored and learned from a stretch at a time, with the gradient of the whole", async () => {
  const loss: LossSpec = { ...PPO, name: "gspo" };
  const many = (count: number) => Array.from({ length: count }, (_, i) => rows()[i % 3]!);
  const kinds = async (count: number) => {
    const { server, engine, run } = await open();
    const learned = await run(engine.forwardBackward(many(count), loss));
    await run(engine.optimStep({ learningRate: 0.01 }));
    const sent = server.of("forward_backward").map(({ body }) => (body["forward_only"] === true ? "scored" : "learned"));
    return { learned, sent, gradient: Array.from(server.model!.steps[0]!) };
  };
  const { learned, sent, gradient } = await kinds(144); // 72 requests of two rows
  const runs = sent.join(" ").match(/(scored ?)+|(learned ?)+/g)!;
  expect(runs.map((part) => part.trim().split(" ").length)).toEqual([32, 32, 32, 32, 8, 8]);
  const short = await kinds(3);
  expect(learned.targets).toBe(48 * short.learned.targets);
  expect(learned.loss).toBeCloseTo(48 * short.learned.loss, 4);
  gradient.forEach((value, i) => expect(value).toBeCloseTo(48 * short.gradient[i]!, 3));
});

test("a fault in a later stretch leaves part of a step on the server, and the step is refused; one before anything is learned does not", async () => {
  const loss: LossSpec = { ...PPO, name: "gspo" };
  const many = Array.from({ length: 144 }, (_, i) => rows()[i % 3]!);
  const at = async (request: number) => {
    const { server, engine, run } = await open();
    const answers = Array.from({ length: request }, () => () => undefined);
    server.plan("forward_backward", ...answers, { status: 422, json: { detail: "no" } });
    await expect(run(engine.forwardBackward(many, loss))).rejects.toThrow("no");
    return run(engine.optimStep({ learningRate: 0.01 }));
  };
  await expect(at(70)).rejects.toThrow("part of its gradients may wait");
  expect(await at(3)).toMatchObject({ gradNorm: expect.any(Number) as number });
});
