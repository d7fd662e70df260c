import { InputError } from "@retool-ts/core";
import type { TraceFormat } from "@retool-ts/data";
import type { Environment, RolloutReward } from "@retool-ts/evaluate";
import { CODE_INTERPRETER, codeInterpreter, type Budgets, type Tool } from "@retool-ts/rollout";
import type { Sandbox } from "@retool-ts/sandbox";
import type { RecipeConfig } from "../config/recipe-config.js";
import { loadPlugins, pluginPart, type LoadedPlugins } from "../config/load-plugins.js";
import type { PluggedTool, ToolSetting } from "../config/plugin.js";
import { createReward } from "../config/reward-config.js";
import { agentRollouts, type Agent } from "@retool-ts/serve";
import { withStrays } from "../shell/strays.js";
import { loadAgent } from "../config/load-agent.js";
import { chatFormatFor, openServingSampler } from "./chat-format.js";
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

/** What an environment needs of a model. */
export type EnvironmentModel = Pick<LoadedModel, "tokenizer" | "chatTemplate" | "eosTokenIds">;

/** Parts of an environment that a caller brings. */
export interface OwnParts {
  /** Instead of the code interpreter. */
  readonly tools?: readonly Tool[];
  /** Instead of the config's. */
  readonly reward?: RolloutReward;
  /** Rolls out problems in place of tools, dialect and reward. */
  readonly agent?: Agent;
}

/** The side of an environment that no model is needed for. */
export interface World {
  readonly sandbox: Sandbox;
  readonly tools: readonly Tool[];
  readonly budgets: Budgets;
  readonly reward: RolloutReward;
  close(): Promise<void>;
}

/** Opens the sandbox, tools and reward of a config. */
export async function openWorld(config: RecipeConfig, own: Pick<OwnParts, "tools" | "reward"> = {}): Promise<World> {
  const { stateful, shareResults } = config.sandbox;
  const sandbox = await setUpSandbox(config);
  try {
    const plugins = await loadPlugins(config.plugins);
    const interpreter = { ...codeInterpreter(sandbox, { stateful }), pure: shareResults && !stateful }; // its worlds and random numbers are the same each time
    const tools = own.tools ?? (await openTools(config, plugins, { interpreter, setting: { sandbox, seed: config.seed } }));
    return {
      sandbox,
      tools,
      budgets: budgetsOf(config),
      reward: own.reward ?? rewardOf(config, plugins),
      async close() {
        for (const tool of tools as readonly PluggedTool[]) await tool.close?.();
        await sandbox.close();
      },
    };
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

/** Notices of an environment at work. */
type Say = (text: string) => void;

/**
 * Makes the environment that a config describes.
 *
 * @throws InputError when prompt or dialect do not go with the model.
 */
export async function createEnvironment(
  config: RecipeConfig,
  model: EnvironmentModel,
  own: OwnParts = {},
  say?: Say,
): Promise<RecipeEnvironment> {
  const world = await openWorld(config, own);
  try {
    const { tools } = world;
    const { tokenizer, chatTemplate } = model;
    const agent = own.agent ?? (config.agent.file === null ? undefined : await loadAgent(config.agent.file));
    return {
      ...world,
      ...(agent && { rollOut: await agentRollOut(agent, config, { model, tools, say }) }),
      ...(await setUpDialect(config, model, tools)),
      encodePrompt: await promptEncoder(config, { tokenizer, chatTemplate, toolSchemas: toolSchemas(tools) }),
      sampler: {
        maxSequences: config.sampler.maxSequences,
        kvCacheBytes: config.sampler.kvCacheMiB * 2 ** 20,
        reuseCache: config.sampler.reuseCache,
      },
      identity: identityOf(config),
    };
  } catch (error) {
    await world.close();
    throw error;
  }
}

/** What an agent leaves running fails when its rollout is over; the run goes on, and it is said once for each message. */
function withoutStrays(agent: Agent, say: Say = () => {}): Agent {
  const said = new Set<string>();
  const onStray = (error: unknown): void => {
    const text = (error instanceof Error ? String(error.message) : typeof error).split("\n")[0]!.slice(0, 200);
    if (said.size < MOST_STRAYS && !said.has(text)) say(`the agent left something running that failed, and nobody waits for: ${text}`);
    said.add(text);
  };
  return (task) => withStrays(onStray, () => agent(task));
}

/** Different messages of strays that are said. */
const MOST_STRAYS = 8;

interface AgentSetting {
  readonly model: EnvironmentModel;
  readonly tools: readonly Tool[];
  readonly say: Say | undefined;
}

/** Rollouts of an agent that the policy is served to. */
async function agentRollOut(agent: Agent, config: RecipeConfig, { model, tools, say }: AgentSetting) {
  const { concurrency, timeoutSeconds, minScored } = config.agent;
  const { maxSequences, kvCacheMiB } = config.sampler;
  return agentRollouts(withoutStrays(agent, say), {
    format: await chatFormatFor(config, model, tools),
    openSampler: (served) => openServingSampler(served, { maxSequences, kvCacheBytes: kvCacheMiB * 2 ** 20 }),
    concurrency,
    timeoutMs: timeoutSeconds * 1_000,
    maxReplyTokens: config.budgets.maxResponseTokens,
    minScored,
    ...(say && { say }),
  });
}

function budgetsOf({ budgets: { maxDurationMs, ...budgets } }: RecipeConfig): Budgets {
  return { ...budgets, maxTurnTokens: budgets.maxResponseTokens, ...(maxDurationMs === null ? {} : { maxDurationMs }) };
}

/** Tools that a model was trained with, for what it can call: their names are known once they were opened. */
export async function toolsTrainedWith(config: RecipeConfig): Promise<readonly Pick<Tool, "name">[]> {
  if (config.tools.every((name) => name === CODE_INTERPRETER)) return config.tools.map((name) => ({ name }));
  const { tools, close } = await openWorld(config);
  await close();
  return tools;
}

/** The tools that a config names, in its order. */
async function openTools(
  { tools }: RecipeConfig,
  plugins: LoadedPlugins,
  { interpreter, setting }: { readonly interpreter: Tool; readonly setting: ToolSetting },
): Promise<Tool[]> {
  const opened: Tool[] = [];
  for (const name of tools) {
    if (name === CODE_INTERPRETER) opened.push(interpreter);
    else {
      const part = pluginPart(plugins, "tools", name, "tools");
      opened.push(checkedTool(typeof part === "function" ? await part(setting) : part, name, opened));
    }
  }
  return opened;
}

/** @throws InputError when a plugin's tool lacks something, or has the name of another. */
function checkedTool(tool: Tool, key: string, others: readonly Tool[]): Tool {
  const refuse = (expected: string, found: string) =>
    new InputError({ what: "plugin", where: `tools.${key}`, expected, found, fix: "make it with defineTool of @retool-ts/rollout" });
  const fields = { name: "string", description: "string", parameters: "object", call: "function" } as const;
  for (const [field, type] of Object.entries(fields)) {
    const found = typeof (tool as unknown as Record<string, unknown> | undefined)?.[field];
    if (found !== type) throw refuse(`a tool with ${field}, a ${type}`, found);
  }
  if (others.some(({ name }) => name === tool.name)) throw refuse("a name that no other tool has", tool.name);
  return tool;
}

/** The reward of a config: built in, or of a plugin. */
export function rewardOf({ reward, budgets }: Pick<RecipeConfig, "reward" | "budgets">, plugins: LoadedPlugins): RolloutReward {
  const name = reward.function;
  return name === null ? createReward(reward, budgets.maxResponseTokens) : pluginPart(plugins, "rewards", name, "reward.function");
}

/** Settings that decide what follows the same tokens; how many snippets run at once is none of them. */
function identityOf({ agent, budgets, dialect, prompt, sandbox, tools }: RecipeConfig): string {
  const { workers: _, ...limits } = sandbox;
  return JSON.stringify({ agent: agent.file, budgets, dialect, prompt, sandbox: limits, tools });
}
