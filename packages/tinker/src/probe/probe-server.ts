import { TinkerError } from "../client/errors.js";
import type { TinkerClient } from "../client/tinker-client.js";
import type { TrainingModel } from "../client/training-model.js";
import { type GradientFindings, probeGradients } from "./probe-gradients.js";
import { probeSampling, type SamplingFindings } from "./probe-sampling.js";
import { probeShapes, type ShapeFindings } from "./probe-shapes.js";

/** What {@link probeServer} works with. */
export interface ProbeOptions {
  readonly baseModel: string;
  /** Of the adapters that are made; default 4. */
  readonly rank?: number;
  readonly vocabSize: number;
  /** Ends a text; without it, nobody knows if text ends by itself. */
  readonly eosTokenId?: number;
  /** Longest sequence of the model; without it, or where it is long, nobody knows what becomes of longer ones. */
  readonly maxPositions?: number;
  readonly signal?: AbortSignal;
}

/** All that was found out about a server. */
export interface ServerReport extends GradientFindings {
  readonly baseUrl: string;
  readonly baseModel: string;
  readonly encoding: "protobuf" | "json";
  /** Of an adapter of the rank that was asked for; undefined where the server does not tell. */
  readonly loraAlpha: number | undefined;
  readonly rank: number;
  /** Weights and optimizer come back into a new model. */
  readonly restores: boolean;
  /** Largest learning rate of `RATES` that a step may have; undefined where it takes none of them. */
  readonly largestRate: number | undefined;
  readonly sampling: SamplingFindings;
  readonly shapes: ShapeFindings;
}

/** Finds out what a server means by the requests that all servers take: four adapters, one or two at a time, some seventy small requests, no change of anything else. */
export async function probeServer(client: TinkerClient, options: ProbeOptions): Promise<ServerReport> {
  const { baseModel, rank = 4, vocabSize, eosTokenId, maxPositions, signal } = options;
  const lora = { rank, seed: 1, train_attn: true, train_mlp: true, train_unembed: false };
  const prefix = `probe-${crypto.randomUUID().slice(0, 8)}`;
  let names = 0;
  const newName = () => `${prefix}-${names++}`;
  const model = await client.createModel({ baseModel, lora, ...(signal && { signal }) });
  try {
    const gradients = await probeGradients(model, vocabSize);
    const path = await model.saveWeights(newName());
    const loraAlpha = await alphaOf(client, model, path);
    const sampling = await probeSampling({ client, model, vocabSize, eosTokenId, newName });
    const restores = await restoresState(client, { baseModel, lora }, path);
    await client.deleteCheckpoint(path);
    const largestRate = await largestRateOf(client, { baseModel, lora });
    const told = client.capabilities.supported_models?.find(({ model_name: name }) => name === baseModel)?.max_context_length;
    const shapes = await probeShapes(client, { baseModel, rank, vocabSize, maxPositions: maxPositions ?? told ?? undefined, signal });
    const semantics = {
      ...gradients.semantics,
      takesOneToken: shapes.oneToken !== false,
      takesMixedLengths: shapes.mixedLengths !== false,
    };
    return {
      ...gradients,
      semantics,
      baseUrl: client.baseUrl,
      baseModel,
      encoding: client.requests.encoding ?? "protobuf",
      loraAlpha,
      rank,
      restores,
      largestRate,
      sampling,
      shapes,
    };
  } finally {
    await model.unload().catch(() => {});
  }
}

async function alphaOf(client: TinkerClient, { loraConfig }: TrainingModel, path: string): Promise<number | undefined> {
  if (loraConfig?.alpha !== undefined) return loraConfig.alpha;
  const info = await client.requests.post("weights_info", { tinker_path: path }, { retries: 0 }).catch(() => undefined);
  return info?.lora_alpha ?? undefined;
}

/** Learning rates that a server is asked to take, the smallest first. */
export const RATES: readonly number[] = [1e-3, 0.1, 1, 10, 100];

/** Steps of a fresh adapter without gradients move nothing, whatever their rate. */
async function largestRateOf(client: TinkerClient, request: Parameters<TinkerClient["createModel"]>[0]): Promise<number | undefined> {
  const model = await client.createModel(request);
  let largest: number | undefined;
  try {
    for (const rate of RATES) {
      if (!(await takes(model.optimStep({ learning_rate: rate, beta1: 0.9, beta2: 0.95, eps: 1e-8 })))) break;
      largest = rate;
    }
    return largest;
  } finally {
    await model.unload().catch(() => {});
  }
}

/** False for a request that is refused as such. One whose work fails, for there are no gradients, has been taken. */
async function takes(step: Promise<unknown>): Promise<boolean> {
  try {
    await step;
    return true;
  } catch (error) {
    if (!(error instanceof TinkerError)) throw error;
    if (error.code === "TINKER_REQUEST") return false;
    if (error.code === "TINKER_FAILED" || error.code === "TINKER_SERVER") return true;
    throw error;
  }
}

async function restoresState(client: TinkerClient, request: Parameters<TinkerClient["createModel"]>[0], path: string): Promise<boolean> {
  const second = await client.createModel(request);
  try {
    await second.loadWeights(path);
    return true;
  } catch {
    return false;
  } finally {
    await second.unload().catch(() => {});
  }
}
