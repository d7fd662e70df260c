import type { Command } from "commander";
import { UNNAMED_SERVER } from "../config/engine-config.js";
import { optional } from "../shell/option-texts.js";

const OF_CONFIG = "that of the config";

/** Options that name the engine. */
export interface EngineOptions {
  readonly engine?: "local" | "tinker";
  readonly baseUrl?: string;
  readonly baseModel?: string;
}

/** Adds the options that say where the policy computes. */
export function addEngineOptions(command: Command): Command {
  return command
    .addOption(optional("--engine <kind>", "where the policy computes", OF_CONFIG).choices(["local", "tinker"]))
    .addOption(
      optional("--base-url <url>", "the Tinker server, such as http://127.0.0.1:8765; its key is read from TINKER_API_KEY", OF_CONFIG),
    )
    .addOption(optional("--base-model <name>", "the base model, as the server names it", "the only one that it offers"));
}

/** The same as settings of a config. @param isPlan - nothing will be asked for at the address, so that none is needed */
export function engineSettings({ engine, baseUrl, baseModel }: EngineOptions, isPlan = false): string[] {
  const kind = engine ?? (baseUrl === undefined && baseModel === undefined ? undefined : "tinker");
  return [
    ...(kind === undefined ? [] : [`engine.kind=${kind}`]),
    ...(isPlan && kind === "tinker" && baseUrl === undefined ? [`engine.baseUrl=${UNNAMED_SERVER}`] : []),
    ...(baseUrl === undefined ? [] : [`engine.baseUrl=${JSON.stringify(baseUrl)}`]),
    ...(baseModel === undefined ? [] : [`engine.baseModel=${JSON.stringify(baseModel)}`]),
  ];
}
