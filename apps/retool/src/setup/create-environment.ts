import type { TraceFormat } from "@retool-ts/data";
import type { Environment, RolloutReward } from "@retool-ts/evaluate";
import { codeInterpreter, type Budgets, type Tool } from "@retool-ts/rollout";
import type { Sandbox } from "@retool-ts/sandbox";
import type { RecipeConfig } from "../config/recipe-config.js";
import { createReward } from "../config/reward-config.js";
import { setUpDialect, toolSchemas } from "./dialect-setup.js";
import type { LoadedModel } from "./model-setup.js";
import { promptEncoder } from "./prompt.js";
import { setUpSandbox } from "./sandbox-setup.js";

/** The environment of a recipe, with the sandbox that is open for it. */
export interface RecipeEnvironment extends Environment {
  readonly sandbox: Sandbox;
  /** How cold-start traces are written, so that they are what the dialect reads. */
  readonly traceFormat: TraceFormat;
  /** The end of a turn of the model in a conversation; empty where tags do it. */
  readonly endOfTurn: string;
  close(): Promise<void>;
}

/** Parts of an environment that a caller brings. */
export interface OwnParts {
  /** Instead of the code interpreter. */
  readonly tools?: readonly Tool[];
  /** Instead of the config's. */
  readonly reward?: RolloutReward;
}

/**
 * Makes the environment that a config describes.
 *
 * @throws InputError when prompt or dialect do not go with the model.
 */
export async function createEnvironment(config: RecipeConfig, model: LoadedModel, own: OwnParts = {}): Promise<RecipeEnvironment> {
  const { stateful, shareResults } = config.sandbox;
  const sandbox = await setUpSandbox(config);
  try {
    const interpreter = { ...codeInterpreter(sandbox, { stateful }), pure: shareResults && !stateful }; // its worlds and random numbers are the same each time
    const tools = own.tools ?? [interpreter];
    const { tokenizer, chatTemplate } = model;
    return {
      sandbox,
      ...(await setUpDialect(config, model, tools)),
      tools,
      budgets: budgetsOf(config),
      reward: own.reward ?? createReward(config.reward, config.budgets.maxResponseTokens),
      encodePrompt: await promptEncoder(config, { tokenizer, chatTemplate, toolSchemas: toolSchemas(tools) }),
      sampler: {
        maxSequences: config.sampler.maxSequences,
        kvCacheBytes: config.sampler.kvCacheMiB * 2 ** 20,
        reuseCache: config.sampler.reuseCache,
      },
      identity: identityOf(config),
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

/** Settings that decide what follows the same tokens; how many snippets run at once is none of them. */
function identityOf({ budgets, dialect, prompt, sandbox }: RecipeConfig): string {
  const { workers: _, ...limits } = sandbox;
  return JSON.stringify({ budgets, dialect, prompt, sandbox: limits });
}
