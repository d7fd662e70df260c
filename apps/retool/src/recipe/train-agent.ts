import type { Agent } from "@retool-ts/serve";
import type { Summary } from "@retool-ts/runs";
import { loadConfig } from "../config/load-config.js";
import { checkpointConfig, resolveCheckpoint } from "../setup/checkpoint-source.js";
import { createReporter } from "../shell/log.js";
import { trainWith, type TrainRecipeOptions } from "./train-recipe.js";

/** An agent to train, the model that it begins with, and settings. */
export interface TrainAgentOptions extends Omit<TrainRecipeOptions, "parts" | "tools" | "reward" | "agent"> {
  /** Solves one problem with the policy behind `baseURL`, and scores how it went. */
  readonly agent: Agent;
  /** A run, checkpoint, Hugging Face folder, `.gguf` file or `hub:owner/name`; needless for a run that goes on. */
  readonly model?: string;
}

/**
 * Reinforcement learning of an agent as it is: any program that speaks OpenAI's API runs `groupSize` times a problem with the policy
 * behind it, and what the policy wrote is learned from by the score that the program gives. Everything else is as in `trainRecipe`.
 *
 * @returns what `summary.json` holds.
 * @throws InputError when settings, model or folder are wrong.
 */
export async function trainAgent({ agent, model, preset, settings, ...options }: TrainAgentOptions): Promise<Summary> {
  const { reporter = createReporter({ quiet: () => true }), signal = new AbortController().signal } = options;
  const shared = { ...options, agent, parts: { sft: false, rl: true } };
  const { advantage } = options;
  const sources = { ...(preset && { preset }), ...(settings && { settings }), ...(advantage && { advantage }) };
  if (model === undefined) return trainWith(await loadConfig(sources), shared);
  const from = await resolveCheckpoint(model, { reporter, signal });
  const config = await checkpointConfig(from, { ...sources, set: [] });
  return trainWith({ ...config, model: { ...config.model, from } }, shared);
}
