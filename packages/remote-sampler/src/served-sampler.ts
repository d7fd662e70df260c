import { RetoolError } from "@retool-ts/core";
import type { EngineModel, EngineSampler, SamplerOptions } from "@retool-ts/engine";
import { type Gate, type StopIds, TinkerSampler, type TokenSource } from "@retool-ts/tinker";
import type { LoadedWeights, SamplingServer } from "./sampling-server.js";

/** What all samplers of a server share. */
export interface ServerLink {
  readonly server: SamplingServer;
  readonly gate: Gate;
  readonly stopIds: StopIds;
  readonly model: Pick<EngineModel, "vocabSize" | "maxPositions">;
}

/** A sampler of weights on a server; they are asked for anew for every request. */
export function servedSampler(
  { server, gate, stopIds, model }: ServerLink,
  newest: () => Promise<LoadedWeights>,
  options: SamplerOptions,
): EngineSampler {
  const padding = Array.from({ length: Math.max(0, model.vocabSize - options.vocabSize) }, (_, i) => options.vocabSize + i);
  const forbidden = [...padding, ...(options.unusedTokenIds ?? [])];
  const sample = ({ prompt, params, signal }: Parameters<TokenSource["sample"]>[0]) =>
    gate.run(async () => {
      const { max_tokens: maxTokens, temperature = 1, top_p: topP = 1, top_k: topK = -1, min_p: minP = 0, seed, stop } = params;
      if (temperature !== 0 && temperature !== 1) throw otherTemperature(server, temperature);
      const { tokens, logProbs, finish } = await server.sample(await newest(), {
        prompt,
        maxTokens: maxTokens!,
        temperature,
        topP,
        topK: Math.max(0, topK),
        minP,
        seed: seed ?? 0,
        stops: (stop ?? []) as readonly number[], // the sampler sends ids alone
        forbidden,
        signal,
      });
      return { sequences: [{ tokens, logprobs: logProbs, stop_reason: finish }] };
    });
  const parts = {
    weights: async () => ({ sample }),
    stopIds,
    modelVocabSize: model.vocabSize,
    maxPositions: model.maxPositions,
    askedMultiple: 1,
    offersMinP: true,
  };
  return new TinkerSampler(options, parts);
}

function otherTemperature({ title }: SamplingServer, found: number): RetoolError {
  return new RetoolError(
    "SAMPLER",
    `${title}: expected temperature 1, or 0, got ${found}: the log-probabilities that it gives are those of temperature 1`,
  );
}
