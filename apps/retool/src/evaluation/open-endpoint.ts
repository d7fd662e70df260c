import { InputError } from "@retool-ts/core";
import { hermesDialect } from "@retool-ts/rollout";
import { loadConfig } from "../config/load-config.js";
import type { PresetName } from "../config/presets.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { Pace } from "../data-build/pace.js";
import { ReplyCache } from "../data-build/reply-cache.js";
import { openWorld } from "../setup/create-environment.js";
import { toolSchemas } from "../setup/dialect-setup.js";
import { promptMessages } from "../setup/prompt.js";
import { Completion, EndpointModel } from "./endpoint-model.js";
import { takesExactTokens } from "./endpoint-extensions.js";
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

/**
 * The config to use an endpoint with: the preset `pretrained` unless another is named. Calls go in OpenAI's format, which is the dialect
 * `hermes` to everything else.
 *
 * @throws InputError when it asks for another dialect or an agent.
 */
export async function endpointConfig({ preset, config: file, set, plugin = [] }: EndpointConfigOptions): Promise<RecipeConfig> {
  const chosen = preset ?? (file === undefined ? "pretrained" : undefined);
  const config = await loadConfig({
    ...(chosen && { preset: chosen }),
    ...(file !== undefined && { file }),
    set: ["dialect.name=hermes", ...set],
    plugins: plugin,
  });
  const refuse = (where: string, expected: string, found: string, fix: string) =>
    new InputError({ what: "endpoint", where, expected, found, fix });
  if (config.dialect.name !== "hermes") {
    throw refuse("dialect.name", "hermes: a server takes and gives calls in OpenAI's format", config.dialect.name, "leave it out");
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
 * Opens tools and sandbox, and the way to an endpoint. The key is read from the environment and goes nowhere but to the server.
 *
 * @param replies - folder of replies that need not be asked for again
 */
export async function openEndpoint(
  name: string,
  config: RecipeConfig,
  options: EndpointOptions,
  { signal, replies }: { readonly signal: AbortSignal; readonly replies?: string | undefined },
): Promise<OpenedEndpoint> {
  const apiKey = process.env[options.apiKeyEnv];
  const prompt = await promptMessages(config);
  const world = await openWorld(config);
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
  const model = new EndpointModel({
    endpoint,
    name,
    isExact: await takesExactTokens(endpoint),
    sampling: config.eval.sampling,
    tools: config.prompt.tools ? toolSchemas(world.tools) : [],
    cache: replies === undefined ? undefined : new ReplyCache(replies, Completion),
  });
  const dialect = hermesDialect({ maxParallelCalls: config.dialect.maxParallelCalls });
  return { model, world, dialect, prompt, seed: config.seed, signal };
}
