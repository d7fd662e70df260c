import type { Problem } from "@retool-ts/data";
import type { SamplingParameters } from "@retool-ts/engine";
import type { RewardFunction } from "@retool-ts/reward";
import type { AgentOptions, Budgets, Dialect, Tool, Trajectory } from "@retool-ts/rollout";
import type { SamplingModel } from "./policy-model.js";
import type { RollOut } from "./rollout-request.js";

/** A reward that sees the problem's whole row and the whole trajectory. */
export type RolloutReward = RewardFunction<Problem, Trajectory>;

/** Turns a problem's question into prompt ids. */
export type PromptEncoder = (question: string, problem?: Problem) => readonly number[];

/** Limits of the sampler that rollouts share. */
export interface SamplerLimits {
  /** Sequences decoded at once. */
  readonly maxSequences: number;
  /** Most memory for keys and values; fewer sequences are decoded at once where they would need more. */
  readonly kvCacheBytes: number;
  /** Keep keys and values across tool calls. */
  readonly reuseCache: boolean;
}

/** The world of the policy, as plain data: prompt, tools, rules of the dialogue, reward. */
export interface Environment {
  readonly tools: readonly Tool[];
  readonly dialect: Dialect;
  readonly budgets: Budgets;
  readonly encodePrompt: PromptEncoder;
  readonly reward: RolloutReward;
  /** Default: 256 sequences, 512 MiB of keys and values, kept across tool calls. */
  readonly sampler?: SamplerLimits;
  /** Rolls out in another way than by the loop between policy and tools, such as with an agent of one's own; what it gives is graded already. */
  readonly rollOut?: RollOut;
  /** Names all settings that decide what tools and dialogue do, so that an interrupted step goes on only where they are the same. */
  readonly identity?: string;
}

/** 256 sequences and 512 MiB of keys and values. */
export const DEFAULT_SAMPLER_LIMITS: SamplerLimits = { maxSequences: 256, kvCacheBytes: 512 * 2 ** 20, reuseCache: true };

/** Everything a rollout needs but the sampler. */
export function agentOptions(
  { dialect, tools, budgets }: Pick<Environment, "dialect" | "tools" | "budgets">,
  { tokenizer, eosTokenIds }: Pick<SamplingModel, "tokenizer" | "eosTokenIds">,
  { seed, sampling, signal }: { readonly seed: number; readonly sampling: SamplingParameters; readonly signal?: AbortSignal },
): Omit<AgentOptions, "sampler"> {
  return { codec: tokenizer, dialect, tools, budgets, sampling, eosTokenIds, seed, ...(signal === undefined ? {} : { signal }) };
}
