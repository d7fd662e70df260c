import { InputError, RetoolError } from "@retool-ts/core";
import { distinctTestSet, filterProblems, type GeneratedProblem, type Problem } from "@retool-ts/data";
import { loadProblems, type LoadProblemsOptions } from "@retool-ts/data/node";
import { withDistinctIds } from "@retool-ts/evaluate";
import { loadPlugins, pluginPart } from "../config/load-plugins.js";
import type { ProblemRequest } from "../config/plugin.js";
import type { ProblemSourceConfig } from "../config/problem-source-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { Reporter } from "../shell/log.js";
import { goldNotice } from "./gold-notice.js";
import { localDataset, type HubContext } from "./hub-files.js";
import { problemFilter } from "./problem-filter.js";
import { tasksOf } from "./task-families.js";

/** Parts of a config that decide its problems. */
export interface ProblemsConfig extends Pick<RecipeConfig, "seed" | "plugins"> {
  readonly data: Pick<RecipeConfig["data"], "train" | "test"> & Partial<Pick<RecipeConfig["data"], "mix">>;
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
  const keep = await problemFilter(source.filter);
  switch (source.kind) {
    case "generated": {
      const seed = (config.eval?.draw ?? 0) + (split === "test" ? 0 : VALIDATION_DRAW);
      const options = {
        count,
        seed,
        without: without.filter(isGenerated),
        ...(keep && { keep }),
        ...(await tasksOf(config, source)),
      };
      try {
        return distinctTestSet(options);
      } catch (error) {
        if (keep === undefined || !RetoolError.isInstance(error)) throw error;
        const problem = { what: "config", where: `${where}.filter`, expected: `${count} different problems that pass it, of every family alike`, found: error.message }; // prettier-ignore
        throw new InputError({ ...problem, fix: "loosen the filter, or name the families that have such problems" }, { cause: error });
      }
    }
    case "plugin": {
      const problems = await pluginProblems(config, source, { split, seed: config.seed, count });
      if (!("problem" in problems)) return withDistinctIds(problems.filter((problem) => keep?.(problem) !== false).slice(0, count));
      const kept = keep === undefined ? problems : filterProblems(problems, keep);
      return withDistinctIds(Array.from({ length: count }, (_, index) => kept.problem(index)));
    }
    case "file": {
      const limit = Math.min(count, source.limit ?? Infinity);
      const rows = await loadProblems(await localDataset(source.path, context), {
        ...columnsOf(source),
        ...(keep === undefined && { limit }),
      });
      const problems = withDistinctIds(keep === undefined ? rows : rows.filter(keep).slice(0, limit));
      if (problems.length === 0 && rows.length > 0) throw nothingPasses(where, rows.length);
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

/** A filter that leaves nothing of a file. */
export function nothingPasses(where: string, count: number): InputError {
  const problem = { what: "config", where: `${where}.filter`, expected: "problems that pass it", found: `none of ${count}` };
  return new InputError({ ...problem, fix: "loosen the filter" });
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
