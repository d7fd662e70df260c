import type { TinkerClient } from "../client/tinker-client.js";
import type { TrainingModel } from "../client/training-model.js";
import { type GradientFindings, probeGradients } from "./probe-gradients.js";
import { probeSampling, type SamplingFindings } from "./probe-sampling.js";

/** What {@link probeServer} works with. */
export interface ProbeOptions {
  readonly baseModel: string;
  /** Of the adapters that are made; default 4. */
  readonly rank?: number;
  readonly vocabSize: number;
  /** Ends a text; without it, nobody knows if text ends by itself. */
  readonly eosTokenId?: number;
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
  readonly sampling: SamplingFindings;
}

/** Finds out what a server means by the requests that all servers take: two adapters, some forty small requests, no change of anything else. */
export async function probeServer(client: TinkerClient, options: ProbeOptions): Promise<ServerReport> {
  const { baseModel, rank = 4, vocabSize, eosTokenId, signal } = options;
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
    return {
      ...gradients,
      baseUrl: client.baseUrl,
      baseModel,
      encoding: client.requests.encoding ?? "protobuf",
      loraAlpha,
      rank,
      restores,
      sampling,
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
