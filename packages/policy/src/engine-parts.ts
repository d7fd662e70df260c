import type { EngineModel } from "@retool-ts/engine";
import type { AdamW } from "./adamw.js";
import type { Critic, CriticOptions } from "./critic.js";
import { cacheBytesPerToken } from "./memory-need.js";
import type { Parameters } from "./parameters.js";

/** Reads and writes what an engine keeps. Folders on a disk have one; a browser may bring another. */
export interface EngineFiles {
  /** All weights, or the adapter alone where there is one. */
  saveWeights(folder: string, parameters: Parameters): Promise<void>;
  /** @param policy - whose base is shared where the folder has an adapter */
  loadWeights(folder: string, policy: Parameters): Promise<Parameters>;
  saveOptimizer(folder: string, optimizer: AdamW): Promise<void>;
  loadOptimizer(folder: string, optimizer: AdamW): Promise<void>;
  saveCritic(folder: string, critic: Critic): Promise<void>;
  loadCritic(folder: string, options: Omit<CriticOptions, "head">, policy: Parameters): Promise<Critic>;
}

/** Facts about a model that sampling and training need. */
export function engineModel({ config, count }: Parameters): EngineModel {
  const { vocabSize, maxPositions } = config;
  return { vocabSize, maxPositions, cacheBytesPerToken: cacheBytesPerToken(config), parameters: count };
}

/** A policy as it is now, in memory of its own: a copy of all weights, or of the adapter alone on a base that is shared. */
export function branchPolicy(policy: Parameters): Promise<Parameters> {
  return policy.lora === undefined ? policy.copy() : policy.branchAdapter();
}

/**
 * A digest of the weights that is cheap enough for every step: of the adapter where there is one, else of all norms and biases. A step
 * of training moves each of these, so that weights which went another way differ here too.
 */
export async function weightsDigest(parameters: Parameters): Promise<string> {
  const isAdapter = parameters.lora !== undefined;
  const parts: Uint8Array[] = [];
  for (const { name, kind } of parameters.trainableSpecs) {
    if (!isAdapter && kind !== "norm" && kind !== "bias") continue;
    const values = await parameters.get(name).data();
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
