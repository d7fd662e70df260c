import { codeInterpreter, type AgentOptions, type Budgets, type Dialect, type SamplingParameters, type Tool } from "@retool-ts/rollout";
import type { Sandbox } from "@retool-ts/sandbox";
import type { ResponseReward } from "@retool-ts/reward";
import type { TraceFormat } from "@retool-ts/data";
import { setUpDialect, toolSchemas } from "./dialect-setup.js";
import { promptEncoder, type PromptEncoder } from "./prompt.js";
import type { PolicyModel, SamplingModel } from "./model-setup.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { createReward } from "../config/reward-config.js";
import { setUpSandbox } from "./sandbox-setup.js";

/** What the policy acts in: the prompt, the tools, the rules of the dialogue and the reward. */
export interface Environment {
  readonly sandbox: Sandbox;
  readonly dialect: Dialect;
  /** How cold-start traces are written, so that they are what the dialect reads. */
  readonly traceFormat: TraceFormat;
  /** What ends a turn of the model in a conversation; empty where tags do. */
  readonly endOfTurn: string;
  readonly tools: readonly Tool[];
  readonly budgets: Budgets;
  readonly reward: ResponseReward;
  readonly encodePrompt: PromptEncoder;
  /** Limits of the sampler that rollouts share. */
  readonly sampler: { readonly maxSequences: number; readonly kvCacheBytes: number; readonly reuseCache: boolean };
  close(): Promise<void>;
}

/**
 * Makes the environment that a config describes.
 *
 * @throws InputError when prompt or dialect do not go with the model.
 */
export async function createEnvironment(config: RecipeConfig, model: PolicyModel): Promise<Environment> {
  const { stateful, shareResults } = config.sandbox;
  const sandbox = await setUpSandbox(config);
  try {
    const interpreter = codeInterpreter(sandbox, { stateful });
    const tools = [{ ...interpreter, pure: shareResults && !stateful }]; // the sandbox's worlds and random numbers are the same each time
    const { tokenizer, chatTemplate } = model;
    return {
      sandbox,
      ...(await setUpDialect(config, model, tools)),
      tools,
      budgets: budgetsOf(config),
      reward: createReward(config.reward, config.budgets.maxResponseTokens),
      encodePrompt: await promptEncoder(config, { tokenizer, chatTemplate, toolSchemas: toolSchemas(tools) }),
      sampler: {
        maxSequences: config.sampler.maxSequences,
        kvCacheBytes: config.sampler.kvCacheMiB * 2 ** 20,
        reuseCache: config.sampler.reuseCache,
      },
      close: () => sandbox.close(),
    };
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

function budgetsOf({ budgets: { maxDurationMs, ...budgets } }: RecipeConfig): Budgets {
  return { ...budgets, maxTurnTokens: budgets.maxResponseTokens, ...(maxDurationMs === null ? {} : { maxDurationMs }) };
}

/** Everything a rollout needs but the sampler. */
export function agentOptions(
  { dialect, tools, budgets }: Environment,
  { tokenizer, eosTokenIds }: SamplingModel,
  { seed, sampling, signal }: { readonly seed: number; readonly sampling: SamplingParameters; readonly signal?: AbortSignal },
): Omit<AgentOptions, "sampler"> {
  return { codec: tokenizer, dialect, tools, budgets, sampling, eosTokenIds, seed, ...(signal === undefined ? {} : { signal }) };
}
