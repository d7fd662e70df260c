import { existsSync } from "node:fs";
import { InputError, InputErrors, type InputProblem } from "@retool-ts/core";
import { loadProblems, streamRows } from "@retool-ts/data/node";
import { CODE_INTERPRETER } from "@retool-ts/rollout";
import { expectedGroupSize, readConversation, type SftStage } from "@retool-ts/train";
import { groupProblem } from "../config/check-config.js";
import { loadAgent } from "../config/load-agent.js";
import { loadPlugins, pluginPart, type PluginKind } from "../config/load-plugins.js";
import { sourcesOf } from "../config/problem-source-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import { localDataset, type HubContext } from "./hub-files.js";
import { checkNamedReference } from "./named-reference.js";
import { rolloutFiles } from "./recorded-rollouts.js";

/** Rows of a file that are looked at, where broken ones are left out anyway. */
const ROWS_READ = 20;

/** Options of {@link checkInputs}. */
export interface CheckInputsOptions extends HubContext {
  /** Look at datasets of a hub too, which brings them into the cache. */
  readonly download: boolean;
}

/**
 * Loads the plugins and the agent of a config, looks up every part that it names, and reads the first rows of every file: before anything is written.
 *
 * @throws InputErrors for all that is wrong.
 */
export async function checkInputs(config: RecipeConfig, parts: RecipeParts, { download, ...context }: CheckInputsOptions): Promise<void> {
  const problems: InputProblem[] = [];
  const attempt = async (check: () => unknown) => {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.problem);
    }
  };
  const plugins = await loadPlugins(config.plugins);
  for (const [kind, name, key] of namedParts(config, parts)) await attempt(() => pluginPart(plugins, kind, name, key));
  const own = parts.rl && config.functions.advantage !== null ? plugins.advantages.get(config.functions.advantage) : undefined;
  const groupSize = own === undefined ? undefined : expectedGroupSize(config.train, own);
  if (groupSize !== undefined) problems.push(groupProblem("train.groupSize", groupSize));
  const reference = config.train.kl?.reference ?? "";
  if (parts.rl && (download || !reference.startsWith("hub:"))) await attempt(() => checkNamedReference(config, context));
  const { file: agent } = config.agent;
  if (agent !== null) await attempt(() => loadAgent(agent));
  const isHere = (path: string) => (path.startsWith("hub:") ? download : existsSync(path));
  for (const { source } of sourcesOf(config.data, parts)) {
    if (source.kind !== "file" || !isHere(source.path)) continue;
    const columns = source.columns === null ? {} : { columns: source.columns };
    await attempt(async () => loadProblems(await localDataset(source.path, context), { ...columns, limit: 1 }));
  }
  for (const { source } of parts.sft ? config.sft.stages : []) {
    if (source.kind === "file" && isHere(source.path)) {
      await attempt(async () => checkConversations(await localDataset(source.path, context), source.onBad === "leave-out" ? ROWS_READ : 1));
    }
  }
  const recorded = [...(parts.rl ? (config.data.rollouts ?? []) : []), ...(parts.sft ? config.sft.stages.flatMap(filesOf) : [])];
  for (const path of recorded) await attempt(() => rolloutFiles(path));
  if (parts.rl && config.log.replay && config.agent.file !== null) problems.push(NO_BRANCHES);
  if (problems.length > 0) throw new InputErrors(problems);
}

function filesOf({ source }: SftStage): readonly string[] {
  return source.kind === "rollouts" ? (source.files ?? []) : [];
}

const NO_BRANCHES: InputProblem = {
  what: "config",
  where: "log.replay",
  expected: "false with an agent of one's own, whose rollouts may have branches",
  found: "true",
  fix: "leave one of the two out",
};

type NamedPart = readonly [kind: PluginKind, name: string, key: string];

/** Parts of plugins that a config names. */
function namedParts({ tools, reward, functions, data }: RecipeConfig, { rl }: RecipeParts): NamedPart[] {
  const parts: (NamedPart | undefined)[] = [
    ...tools.filter((name) => name !== CODE_INTERPRETER).map((name): NamedPart => ["tools", name, "tools"]),
    reward.function === null ? undefined : ["rewards", reward.function, "reward.function"],
    functions.loss === null || !rl ? undefined : ["losses", functions.loss, "functions.loss"],
    functions.advantage === null || !rl ? undefined : ["advantages", functions.advantage, "functions.advantage"],
    ...sourcesOf(data, { rl }).map(({ key, source }): NamedPart | undefined =>
      source.kind === "plugin" ? ["problems", source.name, `${key}.name`] : undefined,
    ),
  ];
  return parts.filter((part) => part !== undefined);
}

/** @throws InputError when none of the first rows is a conversation. */
async function checkConversations(path: string, rows: number): Promise<void> {
  let first: unknown;
  let read = 0;
  for await (const row of streamRows(path)) {
    try {
      readConversation(row);
      return;
    } catch (error) {
      first ??= error;
      if (++read >= rows) break;
    }
  }
  if (first !== undefined) throw first;
  const problem = { what: "dataset", where: path, expected: "at least one row", found: "none" };
  throw new InputError({ ...problem, fix: "give a file of conversations" });
}
