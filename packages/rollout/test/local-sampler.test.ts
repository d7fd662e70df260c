import { LocalSampler, Parameters, Transformer, useBackend, type ModelConfig } from "@retool-ts/policy";
import { createSandbox, type Sandbox } from "@retool-ts/sandbox";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  codeInterpreter,
  DEFAULT_BUDGETS,
  rolloutBatch,
  xmlDialect,
  type RolloutBatchOptions,
  type TextCodec,
  type Trajectory,
} from "../src/index.js";

// The policy samples these; all other ids, one for each byte, only come from prompts and from the interpreter.
const SAMPLED = ["<code>", "<code>1", "<code>2+", "</code>", "</code>\n", "<answer>", "</answer>", "<eos>", "1", "2", "+", "*", ";"];
const BYTE = SAMPLED.length;
const EOS = SAMPLED.indexOf("<eos>");

const codec: TextCodec = {
  encode: (text) => [...new TextEncoder().encode(text)].map((byte) => byte + BYTE),
  encodeUntrusted: (text) => codec.encode(text),
  decode(ids) {
    const bytes = Array.from(ids).flatMap((id) => (id < BYTE ? [...new TextEncoder().encode(SAMPLED[id])] : [id - BYTE]));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  },
};

const config: ModelConfig = {
  modelType: "qwen3",
  vocabSize: BYTE + 256,
  hiddenSize: 24,
  intermediateSize: 20,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  maxPositions: 512,
  rmsNormEpsilon: 1e-6,
  ropeTheta: 100,
  tiedEmbeddings: true,
  attentionBias: true,
  queryKeyNorm: true,
};

let parameters: Parameters;
let sandbox: Sandbox;
beforeAll(async () => {
  await useBackend("wasm");
  parameters = Parameters.initialize(config, { seed: 3, embeddingStd: 0.1 });
  sandbox = await createSandbox();
});
afterAll(async () => {
  parameters.dispose();
  await sandbox.close();
});

/** Rolls out the prompts on a sampler of a certain size; a fresh one, so that no state is left over. */
async function run(texts: readonly string[], maxSequences: number, overrides: Partial<RolloutBatchOptions> = {}) {
  const textStream = () => ({ push: (id: number) => codec.decode([id]) });
  const sampler = new LocalSampler(new Transformer(parameters), { maxSequences, maxLength: 300, vocabSize: BYTE, textStream });
  try {
    const prompts = texts.map((text) => ({ problemId: text, promptIds: codec.encode(text) }));
    const groups = await rolloutBatch(prompts, {
      sampler,
      codec,
      dialect: xmlDialect(),
      tools: [codeInterpreter(sandbox)],
      budgets: { ...DEFAULT_BUDGETS, maxResponseTokens: 250, maxTurnTokens: 120 },
      sampling: { temperature: 1, topP: 1, topK: 0 },
      eosTokenIds: [EOS],
      seed: 11,
      samples: 4,
      step: 0,
      now: () => 0,
      ...overrides,
    });
    expect(sampler.available).toBe(maxSequences);
    return { groups, stats: sampler.stats };
  } finally {
    sampler.dispose();
  }
}

const texts = ["What is 1+2?", "Add.", "A rather longer question, so that rows are of several lengths: 3*3?"];

test("a rollout is the same to the bit alone and in a batch", async () => {
  const { groups: batched } = await run(texts, 12);
  const { groups: narrow } = await run(texts, 4);
  expect(narrow).toEqual(batched);
  for (const [i, text] of texts.entries()) expect((await run([text], 4)).groups[0]).toEqual(batched[i]);
  expect((await run([texts[1]!], 1, { samples: 1 })).groups[0]).toEqual([batched[1]![0]]);
  const kinds = new Set(batched.flat().flatMap(({ segments }) => segments.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual(["model", "prompt", "tool"]);
});

test("what the interpreter said is forced exactly, and never sampled", async () => {
  const { groups } = await run(texts, 12);
  const outputs = groups
    .flat()
    .flatMap((trajectory) => outputsOf(trajectory).map((tokenIds, i) => ({ tokenIds, call: trajectory.toolCalls[i]! })));
  expect(outputs.length).toBeGreaterThan(3);
  for (const { tokenIds, call } of outputs) expect(tokenIds).toEqual(codec.encode(`\n<interpreter>\n${call.result}</interpreter>\n\n`));
  for (const { tokenIds, lossMask, logProbs, promptLength } of groups.flat()) {
    for (let t = promptLength; t < tokenIds.length; t++) {
      expect(lossMask[t]).toBe(tokenIds[t]! < BYTE ? 1 : 0);
      if (lossMask[t] === 1) expect(logProbs[t]).toBeLessThan(0);
    }
  }
});

test("a tool's output costs only its own tokens, and a prompt is computed once for its group", async () => {
  const { groups, stats } = await run(texts, 12);
  const promptTokens = texts.reduce((sum, text) => sum + codec.encode(text).length, 0);
  const toolTokens = groups
    .flat()
    .flatMap(outputsOf)
    .reduce((sum, output) => sum + output.length, 0);
  const sampled = groups.flat().reduce((sum, { lossMask }) => sum + lossMask.reduce((a, b) => a + b, 0), 0);
  expect(stats.sampledTokens).toBe(sampled);
  expect(stats.prefilledTokens).toBeLessThanOrEqual(promptTokens + toolTokens);
});

function outputsOf({ segments, tokenIds }: Trajectory): number[][] {
  return segments.filter(({ kind }) => kind === "tool").map(({ start, end }) => [...tokenIds.subarray(start, end)]);
}
