import { TinkerError } from "../client/errors.js";
import type { SamplingWeights } from "../client/sampling-weights.js";
import type { TinkerClient } from "../client/tinker-client.js";
import type { TrainingModel } from "../client/training-model.js";
import { rowDatum, unshifted } from "../engine/weighted-rows.js";
import type { SampleResponse } from "../wire/sample.js";
import { ProbeData } from "./probe-data.js";

/** What samples show of a server. */
export interface SamplingFindings {
  /** The id that a sequence was stopped by stays in its tokens. */
  readonly includesStop: boolean | undefined;
  /** Equal seeds give equal tokens, others give others. */
  readonly honoursSeed: boolean;
  /** Log-probabilities for a prompt of P tokens: P, P − 1, or none. */
  readonly promptLogProbs: "P" | "P - 1" | "none";
  /** The likeliest tokens of a prompt's places are told. */
  readonly tellsTopTokens: boolean;
  /** Largest difference between the sampler's and the trainer's log-probabilities of sampled tokens. */
  readonly mismatch: number;
  /** Text ends by itself at the end token that was learned; undefined where it was not learned, or nobody said which it is. */
  readonly stopsByItself: boolean | undefined;
  /** Samples from weights that were kept earlier are from those; false: from newer ones. */
  readonly keepsOldWeights: boolean;
  /** The weights that train are still there after samples from older ones. */
  readonly keepsTraining: boolean;
}

/** What {@link probeSampling} works with. */
export interface SamplingProbe {
  readonly client: TinkerClient;
  readonly model: TrainingModel;
  readonly vocabSize: number;
  readonly eosTokenId?: number | undefined;
  readonly newName: () => string;
}

const NEW_TOKENS = 6;
/** Steps that are taken to learn an end token. */
const MAX_STEPS = 12;

/** Finds out how a server samples. The model learns an end token on the way: nothing else should need it any more. */
export async function probeSampling({ client, model, vocabSize, eosTokenId, newName }: SamplingProbe): Promise<SamplingFindings> {
  const { tokenIds } = new ProbeData(vocabSize).row(1);
  const prompt = Array.from(tokenIds).slice(0, ProbeData.PROMPT);
  const path = await model.saveForSampler(newName());
  const weights = client.sampleFrom({ path });
  const draw = (params: object, options: object = {}) =>
    weights.sample({ prompt, params: { max_tokens: NEW_TOKENS, temperature: 1, top_p: 1, top_k: -1, seed: 3, ...params }, ...options });
  const one = await draw({}, { promptLogProbs: true });
  const again = await draw({});
  const other = await draw({ seed: 4 });
  const greedy = await draw({ temperature: 0 });
  const firstId = tokensOf(greedy)[0];
  const stopped = firstId === undefined ? undefined : tokensOf(await draw({ temperature: 0, stop: [firstId] }));
  const mismatch = await mismatchOf(model, prompt, one);
  const tellsTopTokens = await tellsTop(weights, prompt);
  const before = one.prompt_logprobs;

  const stopsByItself =
    eosTokenId === undefined ? await move(model, vocabSize) : await learnEnd({ client, model, prompt, eosTokenId, newName });
  const witness = rowDatum({ tokenIds: Array.from(tokenIds), lossMask: Array.from(tokenIds, () => 1) });
  const score = async () => (await model.pass([witness], { lossFn: "cross_entropy", forwardOnly: true })).logProbs[0]!;
  const trained = await score();
  const old = await draw({}, { promptLogProbs: true });
  const after = await score();
  await client.deleteCheckpoint(path);
  return {
    includesStop: stopped === undefined ? undefined : stopped.length === 1 && stopped[0] === firstId,
    honoursSeed: same(tokensOf(one), tokensOf(again)) && !same(tokensOf(one), tokensOf(other)),
    promptLogProbs: lengthWord(before?.length, prompt.length),
    tellsTopTokens,
    mismatch,
    stopsByItself,
    keepsOldWeights: before?.every((value, i) => Math.abs((value ?? 0) - (old.prompt_logprobs?.[i] ?? 0)) < 1e-2) ?? false,
    keepsTraining: trained.every((value, i) => Math.abs(value - after[i]!) < 1e-2),
  };
}

function tokensOf({ sequences }: SampleResponse): number[] {
  return Array.from(sequences[0]!.tokens);
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function lengthWord(found: number | undefined, length: number): SamplingFindings["promptLogProbs"] {
  return found === length ? "P" : found === length - 1 ? "P - 1" : "none";
}

async function mismatchOf(model: TrainingModel, prompt: readonly number[], sample: SampleResponse): Promise<number> {
  const tokens = tokensOf(sample);
  const tokenIds = [...prompt, ...tokens];
  const datum = rowDatum({ tokenIds, lossMask: tokenIds.map((_, t) => (t < prompt.length ? 0 : 1)) });
  const { logProbs } = await model.pass([datum], { lossFn: "cross_entropy", forwardOnly: true });
  const scored = unshifted(logProbs[0]!);
  return Math.max(...tokens.map((_, i) => Math.abs(scored[prompt.length + i]! - sample.sequences[0]!.logprobs![i]!)));
}

async function tellsTop(weights: SamplingWeights, prompt: readonly number[]): Promise<boolean> {
  try {
    const { topk_prompt_logprobs: rows } = await weights.sample({ prompt, params: { max_tokens: 1 }, promptLogProbs: true, topK: 2 });
    return (rows?.filter((row) => row !== null).length ?? 0) > 0;
  } catch (error) {
    if (TinkerError.isInstance(error)) return false;
    throw error;
  }
}

interface EndProbe extends Omit<SamplingProbe, "vocabSize"> {
  readonly prompt: readonly number[];
  readonly eosTokenId: number;
}

/** Teaches the end token behind the prompt, and looks if text goes on behind it. */
async function learnEnd({ client, model, prompt, eosTokenId, newName }: EndProbe): Promise<boolean | undefined> {
  const tokenIds = [...prompt, eosTokenId];
  const datum = rowDatum({ tokenIds, lossMask: tokenIds.map((_, t) => (t < prompt.length ? 0 : 1)) });
  let logProb = -Infinity;
  for (let step = 0; step < MAX_STEPS && logProb < -0.05; step++) {
    const { logProbs } = await model.pass([datum], { lossFn: "cross_entropy" });
    logProb = logProbs[0]!.at(-1)!;
    await model.optimStep({ learning_rate: 1e-2, beta1: 0.9, beta2: 0.95, eps: 1e-8 });
  }
  const path = await model.saveForSampler(newName());
  const params = { max_tokens: NEW_TOKENS, temperature: 0, top_p: 1, top_k: -1, seed: 1 };
  const tokens = tokensOf(await client.sampleFrom({ path }).sample({ prompt, params }));
  await client.deleteCheckpoint(path);
  if (tokens.length === 0) return true;
  if (tokens[0] !== eosTokenId) return undefined;
  return tokens.length === 1;
}

/** A few large steps, so that older weights differ from those that train. */
async function move(model: TrainingModel, vocabSize: number): Promise<undefined> {
  const datum = new ProbeData(vocabSize).crossEntropy(3);
  for (let step = 0; step < 4; step++) {
    await model.pass([datum], { lossFn: "cross_entropy" });
    await model.optimStep({ learning_rate: 1e-2, beta1: 0.9, beta2: 0.95, eps: 1e-8 });
  }
}
