import { streamKey, uniformAt } from "@retool-ts/core";
import type { EngineSampler, TurnTokens } from "@retool-ts/engine";
import type { SampledSequence, SampleResponse } from "@retool-ts/tinker/wire";
import type { FairTurns } from "../fair-turns.js";
import type { OpenedWeights } from "./open-weights.js";
import type { SamplePlan } from "./sample-plan.js";

/** Turns of a client. */
export interface SamplingTurns {
  readonly client: string;
  /** Sequences that are decoded at once. */
  readonly sequences: FairTurns;
  readonly maxSequences: number;
  /** Passes that are no decoding. */
  readonly compute: FairTurns;
}

/**
 * Samples as a request asks. Sample i of a seed is the same whatever else is at work and however many samples are asked for.
 *
 * @throws AbortError's reason when the signal is aborted on the way
 */
export async function drawSamples(
  { weights, sampler }: OpenedWeights,
  plan: SamplePlan,
  turns: SamplingTurns,
  signal: AbortSignal,
): Promise<SampleResponse> {
  const { client, sequences: places, maxSequences, compute } = turns;
  const sequences: SampledSequence[] = [];
  while (sequences.length < plan.samples) {
    const first = sequences.length;
    const count = Math.min(maxSequences, plan.samples - first);
    sequences.push(...(await places.run(client, () => decodeGroup(sampler, plan, first, count, signal), count)));
  }
  const pass = <T>(work: () => Promise<T>) =>
    compute.run(client, () => {
      signal.throwIfAborted();
      return work();
    });
  const scores = plan.promptLogProbs ? await pass(() => promptLogProbs(weights, plan.prompt)) : null;
  const top = plan.topPrompt > 0 ? await pass(() => topOfPrompt(weights, plan)) : null;
  return { type: "sample", sequences, prompt_logprobs: scores, topk_prompt_logprobs: top };
}

/** Samples `first` to `first + count − 1`; the prompt is computed once. */
async function decodeGroup(sampler: EngineSampler, plan: SamplePlan, first: number, count: number, signal: AbortSignal) {
  const open: number[] = [];
  try {
    signal.throwIfAborted();
    open.push(sampler.open(plan.prompt));
    if (count > 1) await sampler.prefill(open);
    while (open.length < count) open.push(sampler.fork(open[0]!));
    const turns = await Promise.all(open.map((sequence, i) => decode(sampler, sequence, plan, first + i, signal)));
    signal.throwIfAborted();
    return turns.map(sampledSequence);
  } finally {
    for (const sequence of open) sampler.close(sequence);
  }
}

function decode(sampler: EngineSampler, sequence: number, plan: SamplePlan, sample: number, signal: AbortSignal): Promise<TurnTokens> {
  const key = streamKey(plan.seed, ["tinker sample", sample]);
  const { temperature, topP, topK, maxTokens, stopTokenIds, stopStrings } = plan;
  const uniform = (position: number) => uniformAt(key, position);
  return sampler.decode(sequence, { temperature, topP, topK, maxTokens, stopTokenIds, stopStrings, uniform, signal });
}

function sampledSequence({ tokenIds, logProbs, finish }: TurnTokens): SampledSequence {
  return { stop_reason: finish === "stop" ? "stop" : "length", tokens: Int32Array.from(tokenIds), logprobs: Float32Array.from(logProbs) };
}

/** Of each token of a prompt, at temperature 1; nothing precedes the first. */
async function promptLogProbs(weights: OpenedWeights["weights"], prompt: readonly number[]): Promise<(number | null)[]> {
  if (prompt.length < 2) return [null];
  const [scores] = await weights.logProbs([{ tokenIds: prompt, lossMask: prompt.map(() => 1) }]);
  return [null, ...scores!.subarray(1)];
}

async function topOfPrompt(weights: OpenedWeights["weights"], { prompt, topPrompt }: SamplePlan) {
  return [null, ...(await weights.topTokens!(prompt, topPrompt))];
}
