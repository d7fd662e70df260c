import type { SampleRequest, WireSamplingParams } from "@retool-ts/tinker/wire";
import { inputIds } from "../losses/training-rows.js";
import { refused } from "../request-fault.js";
import type { ServedBase } from "../served-base.js";

/** A checked request for samples. */
export interface SamplePlan {
  readonly prompt: readonly number[];
  readonly samples: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  /** 0 keeps all. */
  readonly topK: number;
  readonly seed: number;
  readonly stopTokenIds: readonly number[];
  readonly stopStrings: readonly string[];
  readonly promptLogProbs: boolean;
  /** Likeliest tokens to name at each place of the prompt; 0: none. */
  readonly topPrompt: number;
}

/** Limits of one request. */
export interface SampleLimits {
  readonly maxSamples: number;
}

/**
 * Checks a request against the base that it samples from.
 *
 * @param drawnSeed - for a request without one
 * @throws HttpFault with 400 when something is out of range, or asks for what is not offered.
 */
export function samplePlan(request: SampleRequest, base: ServedBase, drawnSeed: number, { maxSamples }: SampleLimits): SamplePlan {
  const { maxPositions, vocabSize } = base.model;
  const prompt = inputIds(request.prompt, "prompt", { vocabSize: base.vocabSize ?? vocabSize, maxPositions });
  if (prompt.length >= maxPositions) throw refused("prompt", `at most ${maxPositions - 1} tokens`, `${prompt.length}`);
  for (const name of ["topk_sample_logprobs", "prompt_alt_tokens_k"] as const) {
    if ((request[name] ?? 0) !== 0) throw refused(name, "0: this server does not offer it", String(request[name]));
  }
  const params = request.sampling_params;
  const temperature = within(params.temperature ?? 1, "sampling_params.temperature", 0, 100);
  const topPrompt = whole(request.topk_prompt_logprobs ?? 0, "topk_prompt_logprobs", 0, 100);
  return {
    prompt,
    samples: whole(request.num_samples ?? 1, "num_samples", 1, maxSamples),
    maxTokens: Math.min(whole(params.max_tokens ?? maxPositions, "sampling_params.max_tokens", 0, 2 ** 31), maxPositions - prompt.length),
    temperature: temperature < LEAST_TEMPERATURE ? 0 : temperature,
    topP: within(params.top_p ?? 1, "sampling_params.top_p", Number.MIN_VALUE, 1),
    topK: Math.max(whole(params.top_k ?? -1, "sampling_params.top_k", -1, 2 ** 31), 0),
    seed: whole(params.seed ?? drawnSeed, "sampling_params.seed", -(2 ** 53), 2 ** 53),
    ...stops(params, base),
    promptLogProbs: request.prompt_logprobs === true,
    topPrompt,
  };
}

/** Below it a distribution is its likeliest token, and the inverse is soon more than a float holds. */
const LEAST_TEMPERATURE = 1e-5;

/** Without stops, the base's ends of sequence; an empty list stops at nothing. */
function stops({ stop }: WireSamplingParams, base: ServedBase): Pick<SamplePlan, "stopTokenIds" | "stopStrings"> {
  if (stop === null || stop === undefined) return { stopTokenIds: base.eosTokenIds ?? [], stopStrings: [] };
  const list: readonly (string | number)[] = typeof stop === "string" ? [stop] : stop;
  const stopStrings = list.filter((one) => typeof one === "string");
  const stopTokenIds = list.filter((one) => typeof one === "number");
  if (list.length > 64) throw refused("sampling_params.stop", "at most 64 stops", String(list.length));
  if (stopStrings.some((text) => text === "")) throw refused("sampling_params.stop", "text", "an empty string");
  if (stopStrings.length > 0 && base.textStream === undefined) {
    throw refused("sampling_params.stop", "token ids: the server has no tokenizer for this model", "text");
  }
  const wrong = stopTokenIds.find((id) => !Number.isInteger(id) || id < 0 || id >= base.model.vocabSize);
  if (wrong !== undefined) throw refused("sampling_params.stop", `token ids below ${base.model.vocabSize}`, String(wrong));
  return { stopTokenIds, stopStrings };
}

function whole(value: number, where: string, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw refused(where, `a whole number from ${low} to ${high}`, String(value));
}

function within(value: number, where: string, low: number, high: number): number {
  if (value >= low && value <= high) return value;
  throw refused(where, low === 0 ? `a number from 0 to ${high}` : `a number above 0, at most ${high}`, String(value));
}
