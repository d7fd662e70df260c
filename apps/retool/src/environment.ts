import {
  codeInterpreter,
  xmlDialect,
  type AgentOptions,
  type Budgets,
  type Dialect,
  type SamplingParameters,
  type Tool,
} from "@retool-ts/rollout";
import { createSandbox, type Sandbox } from "@retool-ts/sandbox";
import type { RewardFunction } from "@retool-ts/reward";
import { promptEncoder, type PromptEncoder } from "./prompt.js";
import type { PolicyModel } from "./model-setup.js";
import type { RecipeConfig } from "./recipe-config.js";
import { createReward } from "./reward-config.js";

/** What the policy acts in: the prompt, the tools, the rules of the dialogue and the reward. */
export interface Environment {
  readonly sandbox: Sandbox;
  readonly dialect: Dialect;
  readonly tools: readonly Tool[];
  readonly budgets: Budgets;
  readonly reward: RewardFunction;
  readonly encodePrompt: PromptEncoder;
  close(): Promise<void>;
}

/** Makes the environment that a config describes. */
export async function createEnvironment(config: RecipeConfig, { tokenizer }: PolicyModel): Promise<Environment> {
  const { workers, fuel, wallMs, memoryMiB, outputChars, stateful, preload } = config.sandbox;
  const encodePrompt = await promptEncoder(config.prompt, tokenizer);
  const sandbox = await createSandbox({
    workers,
    seed: config.seed,
    preload,
    limits: { fuel, wallMs, memoryBytes: memoryMiB * 2 ** 20, outputChars },
  });
  const { resultOpen, resultClose } = config.dialect;
  return {
    sandbox,
    dialect: xmlDialect({ resultOpen, resultClose }),
    tools: [codeInterpreter(sandbox, { stateful })],
    budgets: { ...config.budgets, maxTurnTokens: config.budgets.maxResponseTokens },
    reward: createReward(config.reward, config.budgets.maxResponseTokens),
    encodePrompt,
    close: () => sandbox.close(),
  };
}

/** Everything a rollout needs but the sampler. */
export function agentOptions(
  { dialect, tools, budgets }: Environment,
  { tokenizer, eosTokenIds }: PolicyModel,
  { seed, sampling, signal }: { readonly seed: number; readonly sampling: SamplingParameters; readonly signal?: AbortSignal },
): Omit<AgentOptions, "sampler"> {
  return { codec: tokenizer, dialect, tools, budgets, sampling, eosTokenIds, seed, ...(signal === undefined ? {} : { signal }) };
}
