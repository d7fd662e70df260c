import { InputError } from "@retool-ts/core";
import { distinctTestSet, namedFamilies, type GeneratedProblem, type Problem, type TaskSourceOptions } from "@retool-ts/data";
import { loadProblems, type LoadProblemsOptions } from "@retool-ts/data/node";
import { withDistinctIds } from "@retool-ts/evaluate";
import { loadPlugins, pluginPart } from "../config/load-plugins.js";
import type { ProblemRequest } from "../config/plugin.js";
import type { ProblemSourceConfig } from "../config/problem-source-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { Reporter } from "../shell/log.js";
import { goldNotice } from "./gold-notice.js";
import { localDataset, type HubContext } from "./hub-files.js";

/** Parts of a config that decide its problems. */
export interface ProblemsConfig extends Pick<RecipeConfig, "seed" | "plugins"> {
  readonly data: Pick<RecipeConfig["data"], "train" | "test">;
  /** Draw of generated held-out problems; 0 where it is left out. */
  readonly eval?: Pick<RecipeConfig["eval"], "draw">;
  /** By which reference answers are looked at. */
  readonly reward?: RecipeConfig["reward"];
}

/** Held-out problems: different ones from every family in equal shares, those of a plugin, or a file's first rows. */
export async function heldOutProblems(config: ProblemsConfig, count: number, context: HubContext = {}): Promise<Problem[]> {
  return heldOutOf(config, config.data.test, { split: "test", where: "data.test", count, without: [], context });
}

export interface HeldOutRequest {
  readonly split: "validation" | "test";
  /** Key of the config. */
  readonly where: string;
  readonly count: number;
  /** Generated problems that are taken already. */
  readonly without: readonly Problem[];
  readonly context: HubContext;
}

export async function heldOutOf(
  config: ProblemsConfig,
  source: ProblemSourceConfig,
  { split, where, count, without, context }: HeldOutRequest,
): Promise<Problem[]> {
  switch (source.kind) {
    case "generated": {
      checkFamilies(source.families);
      const seed = (config.eval?.draw ?? 0) + (split === "test" ? 0 : VALIDATION_DRAW);
      return distinctTestSet({ count, seed, without: without.filter(isGenerated), ...tasksOf(source) });
    }
    case "plugin": {
      const problems = await pluginProblems(config, source, { split, seed: config.seed, count });
      const list = "problem" in problems ? Array.from({ length: count }, (_, index) => problems.problem(index)) : problems;
      return withDistinctIds(list.slice(0, count));
    }
    case "file": {
      const limit = Math.min(count, source.limit ?? Infinity);
      const problems = withDistinctIds(await loadProblems(await localDataset(source.path, context), { ...columnsOf(source), limit }));
      checkAnswers(config, problems, where, context.reporter);
      return problems;
    }
  }
}

type PluginSource = Extract<ProblemSourceConfig, { kind: "plugin" }>;

export async function pluginProblems(config: ProblemsConfig, { name, options }: PluginSource, request: Omit<ProblemRequest, "options">) {
  const part = pluginPart(await loadPlugins(config.plugins), "problems", name, `data.${request.split}.name`);
  return part({ ...request, options });
}

/** Between the seeds of test and validation problems. */
const VALIDATION_DRAW = 1_000_000_007;

function isGenerated(problem: Problem): problem is GeneratedProblem {
  return "key" in problem && "instance" in problem;
}

/** Which generated problems a source means. */
export function tasksOf(source: ProblemSourceConfig): Omit<TaskSourceOptions, "seed" | "split"> {
  if (source.kind !== "generated") return {};
  const { levelWeights, wordings, families } = source;
  return { levelWeights, wordings, ...(families && { families }) };
}

/** Tells of reference answers that cannot be read. */
export function checkAnswers(
  { reward }: ProblemsConfig,
  problems: readonly Problem[],
  where: string,
  reporter?: Pick<Reporter, "say">,
): void {
  const notice = reward && goldNotice(problems, reward, where);
  if (notice !== undefined) reporter?.say(notice);
}

export type FileSource = Extract<ProblemSourceConfig, { kind: "file" }>;

export function columnsOf({ columns }: FileSource): LoadProblemsOptions {
  return columns === null ? {} : { columns };
}

export function checkFamilies(families: readonly string[] | null): void {
  const known = namedFamilies.map(({ name }) => name);
  const unknown = families?.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InputError({
    what: "config",
    where: "data: families",
    expected: `names among ${known.join(", ")}`,
    found: `"${unknown}"`,
    fix: "name one of these families",
  });
}
