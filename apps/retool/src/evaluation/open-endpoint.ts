import { InputError } from "@retool-ts/core";
import type { ChatMessage } from "@retool-ts/data";
import { hermesDialect, xmlDialect, type Dialect, type Tool } from "@retool-ts/rollout";
import { loadConfig } from "../config/load-config.js";
import type { PresetName } from "../config/presets.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { ChatEndpoint } from "../data-build/chat-endpoint.js";
import { Pace } from "../data-build/pace.js";
import { ReplyCache } from "../data-build/reply-cache.js";
import { openWorld } from "../setup/create-environment.js";
import { tagsOf, toolSchemas } from "../setup/dialect-setup.js";
import { promptMessages, promptText } from "../setup/prompt.js";
import { Completion, EndpointModel } from "./endpoint-model.js";
import { endpointAbilities, type EndpointAbilities } from "./endpoint-abilities.js";
import type { EndpointRolloutOptions } from "./endpoint-rollout.js";

/** Options that say which endpoint, and how patiently it is asked. */
export interface EndpointOptions {
  readonly endpoint: string;
  readonly apiKeyEnv: string;
  readonly concurrency: number;
  readonly requestsPerMinute?: number;
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly timeoutS: number;
}

/** Where the config of an endpoint's model comes from. */
export interface EndpointConfigOptions {
  readonly preset?: PresetName;
  readonly config?: string;
  readonly set: readonly string[];
  readonly plugin?: readonly string[];
}

/** An endpoint that has said what it can do. */
export interface KnownEndpoint {
  readonly endpoint: ChatEndpoint;
  readonly abilities: EndpointAbilities;
}

/** Asks an endpoint what it can do. The key is read from the environment and goes nowhere but to the server. */
export async function knowEndpoint(options: EndpointOptions, signal: AbortSignal): Promise<KnownEndpoint> {
  const apiKey = process.env[options.apiKeyEnv];
  const endpoint = {
    url: options.endpoint,
    ...(apiKey === undefined || apiKey === "" ? {} : { apiKey }),
    apiKeyEnv: options.apiKeyEnv,
    timeoutMs: options.timeoutS * 1_000,
    retries: options.retries,
    retryDelayMs: options.retryDelayMs,
    pace: new Pace(options.requestsPerMinute ?? Infinity),
    signal,
  };
  return { endpoint, abilities: await endpointAbilities(endpoint) };
}

/**
 * The config to use an endpoint with: the preset `pretrained` unless another is named. Calls go in OpenAI's format, which is the dialect
 * `hermes` to everything else, unless the server says that its model writes tags.
 *
 * @throws InputError when it asks for another dialect or an agent.
 */
export async function endpointConfig(
  { preset, config: file, set, plugin = [] }: EndpointConfigOptions,
  { dialect }: Pick<EndpointAbilities, "dialect">,
): Promise<RecipeConfig> {
  const chosen = preset ?? (file === undefined ? "pretrained" : undefined);
  const config = await loadConfig({
    ...(chosen && { preset: chosen }),
    ...(file !== undefined && { file }),
    set: [`dialect.name=${dialect}`, ...set],
    plugins: plugin,
  });
  const refuse = (where: string, expected: string, found: string, fix: string) =>
    new InputError({ what: "endpoint", where, expected, found, fix });
  if (config.dialect.name !== dialect) {
    const why = dialect === "hermes" ? "a server takes and gives calls in OpenAI's format" : "this server's model writes calls as tags";
    throw refuse("dialect.name", `${dialect}: ${why}`, config.dialect.name, "leave it out");
  }
  if (config.agent.file !== null) throw refuse("agent.file", "none: an agent asks a policy served here", config.agent.file, "leave it out");
  return config;
}

/** A model at an endpoint with the tools that it is given here. */
export interface OpenedEndpoint extends Omit<EndpointRolloutOptions, "model" | "world" | "onText"> {
  readonly model: EndpointModel;
  readonly world: Awaited<ReturnType<typeof openWorld>>;
}

/**
 * Opens tools and sandbox for a model at an endpoint.
 *
 * @param replies - folder of replies that need not be asked for again
 */
export async function openEndpoint(
  name: string,
  config: RecipeConfig,
  { endpoint, abilities }: KnownEndpoint,
  { replies }: { readonly replies?: string | undefined } = {},
): Promise<OpenedEndpoint> {
  const isPlain = abilities.prompt === "plain";
  const [before, after] = await promptText(config, abilities.prompt);
  const prompt = isPlain ? alone : await promptMessages(config);
  const world = await openWorld(config);
  const { resultOpen, resultClose } = config.dialect;
  const model = new EndpointModel({
    endpoint,
    name,
    isExact: abilities.isExact,
    sampling: config.eval.sampling,
    tools: config.prompt.tools && abilities.dialect === "hermes" ? toolSchemas(world.tools) : [], // tags are text, and are read here
    ...(abilities.dialect === "xml" && {
      template: { ...(isPlain && { question_open: before, question_close: after }), result_open: resultOpen, result_close: resultClose },
    }),
    cache: replies === undefined ? undefined : new ReplyCache(replies, Completion),
  });
  return { model, world, dialect: dialectOf(config, world.tools), prompt, seed: config.seed, signal: endpoint.signal };
}

/** A question whose surroundings the server writes. */
const alone = (question: string): readonly ChatMessage[] => [{ role: "user", content: question }];

function dialectOf({ dialect: { name, maxParallelCalls, resultOpen, resultClose } }: RecipeConfig, tools: readonly Tool[]): Dialect {
  return name === "xml"
    ? xmlDialect({ resultOpen, resultClose, ...tagsOf(tools) })
    : hermesDialect({ hasTools: tools.length > 0, maxParallelCalls });
}
