import { InputError } from "@retool-ts/core";
import type { EngineSampler, SamplerOptions, SharedWeights } from "@retool-ts/engine";
import { servedSampler, type LoadedWeights } from "@retool-ts/remote-sampler";
import { Gate, StopIds, TinkerSampler, type SamplingWeights, type WeightsName } from "@retool-ts/tinker";
import type { EngineConfig, SamplerServerConfig, TinkerEngineConfig } from "../config/engine-config.js";
import type { ModelConfig } from "@retool-ts/policy";
import type { OpenModelContext } from "./run-model.js";
import { openSamplingServer } from "./sampling-server.js";
import { connectTinker } from "./tinker-connection.js";

/** Samplers of weights that another process trains. */
export interface SharedSampling {
  /** Address of the server that samples. */
  readonly title: string;
  sampler(weights: SharedWeights, options: SamplerOptions): Promise<EngineSampler>;
  close(): Promise<void>;
}

/**
 * Samples from the server that a config names, by the names that `share` of its engine gives to weights.
 *
 * @throws InputError when the config's engine samples in its own process.
 */
export async function openSharedSampling(
  engine: EngineConfig,
  shape: ModelConfig,
  context: Pick<OpenModelContext, "reporter" | "signal">,
): Promise<SharedSampling> {
  if (engine.kind === "tinker") return onTinker(engine, shape, context);
  if (engine.sampler !== null) return onServer(engine.sampler, shape);
  throw unsharedEngine();
}

/** The mistake of rollouts on many hosts with an engine in one process. */
export function unsharedEngine(): InputError {
  return new InputError({
    what: "config",
    where: "rollouts.queue",
    expected: "an engine that other hosts can sample from",
    found: "one in this process",
    fix: "train with --engine tinker --base-url URL, or sample with engine.sampler; `retool engine serve` serves a model of yours",
  });
}

async function onTinker(
  engine: TinkerEngineConfig,
  { vocabSize, maxPositions }: ModelConfig,
  context: Pick<OpenModelContext, "reporter" | "signal">,
) {
  const client = await connectTinker(engine, vocabSize, context);
  const stopIds = new StopIds();
  let last: { readonly name: string; readonly weights: SamplingWeights } | undefined;
  /** Rollouts of a step share one sampling session. */
  const weightsOf = (shared: SharedWeights): SamplingWeights => {
    const name = JSON.stringify(shared);
    if (last?.name !== name) last = { name, weights: client.sampleFrom(shared as WeightsName) };
    return last.weights;
  };
  return {
    title: engine.baseUrl,
    sampler: async (shared: SharedWeights, options: SamplerOptions) => {
      const weights = weightsOf(shared);
      return new TinkerSampler(options, { weights: async () => weights, stopIds, modelVocabSize: vocabSize, maxPositions });
    },
    close: () => client.close(),
  };
}

async function onServer(config: SamplerServerConfig, shape: ModelConfig): Promise<SharedSampling> {
  const { baseUrl, concurrency } = config;
  const server = await openSamplingServer(config, shape);
  const link = { server, gate: new Gate(concurrency), stopIds: new StopIds(), model: shape };
  return {
    title: baseUrl,
    sampler: async (shared, sampler) => {
      const weights = shared as unknown as LoadedWeights;
      return servedSampler(link, async () => weights, sampler);
    },
    close: async () => {},
  };
}
