import { InputError, RetoolError } from "@retool-ts/core";
import {
  createTaskSource,
  distinctTestSet,
  taskFamilies,
  problemList,
  type Problem,
  type TaskSourceOptions,
  type ProblemSource,
} from "@retool-ts/data";
import { loadProblems, streamProblems, type LoadProblemsOptions } from "@retool-ts/data/node";
import { DistinctProblems, withDistinctIds } from "@retool-ts/evaluate";
import { goldNotice } from "./gold-notice.js";
import { localDataset, type HubContext } from "./hub-files.js";
import type { Reporter } from "../shell/log.js";
import { loadPlugins, pluginPart } from "../config/load-plugins.js";
import type { ProblemRequest } from "../config/plugin.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import type { ProblemSourceConfig } from "../config/problem-source-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";

/** Problems of a recipe. */
export interface RecipeProblems {
  readonly train: ProblemSource;
  /** Held-out ones. */
  readonly test: readonly Problem[];
}

/** Parts of a config that decide its problems. */
export interface ProblemsConfig extends Pick<RecipeConfig, "data" | "seed" | "plugins"> {
  /** By which reference answers are looked at. */
  readonly reward?: RecipeConfig["reward"];
}

/** Tells of reference answers that cannot be read. */
function checkAnswers({ reward }: ProblemsConfig, problems: readonly Problem[], where: string, reporter?: Pick<Reporter, "say">): void {
  const notice = reward && goldNotice(problems, reward, where);
  if (notice !== undefined) reporter?.say(notice);
}

/** Problems that a caller brings. A list of training problems is gone through in a new order each epoch. */
export interface OwnProblems {
  readonly train?: ProblemSource | readonly Problem[];
  readonly test?: readonly Problem[];
}

const UNREAD: ProblemSource = {
  problem() {
    throw new RetoolError("PROBLEMS", "training problems were not read: this part of the recipe has no reinforcement learning");
  },
};

/** Options of opening problems, beside the config. */
export interface ProblemOptions {
  /** Training problems are read only where there is reinforcement learning. */
  readonly parts: Pick<RecipeParts, "rl">;
  readonly own?: OwnProblems | undefined;
  readonly reporter?: Reporter;
}

/** Problems of the caller, else those that a config names: all that parts of a recipe need are read now. */
export async function recipeProblems(config: RecipeConfig, { parts, own = {}, reporter }: ProblemOptions): Promise<RecipeProblems> {
  const { train, test } = own;
  const given = train === undefined || "problem" in train ? train : problemList(withDistinctIds(train), config.seed);
  return {
    train: given ?? (parts.rl ? await trainingProblems(config, reporter) : UNREAD),
    test:
      test === undefined
        ? await heldOutProblems(config, config.eval.problems, { ...(reporter && { reporter }) })
        : withDistinctIds(test).slice(0, config.eval.problems),
  };
}

/**
 * Training problems without end: generated ones, those of a plugin, or a file's rows in a new order each epoch. Rows that repeat an
 * earlier one, question and answer, are left out, so that an epoch has each problem once; a limit counts those that are left.
 *
 * @param reporter - told how many rows were left out.
 */
export async function trainingProblems(config: ProblemsConfig, reporter?: Pick<Reporter, "say">): Promise<ProblemSource> {
  const { seed } = config;
  const source = config.data.train;
  switch (source.kind) {
    case "generated":
      checkFamilies(source.families);
      return createTaskSource({ seed, split: "train", ...tasksOf(source) });
    case "plugin": {
      const problems = await pluginProblems(config, source, { split: "train", seed, count: Infinity });
      return "problem" in problems ? problems : problemList(withDistinctIds(problems), seed);
    }
    case "file": {
      const { rows, count } = await distinctRows(source);
      const repeats = count - rows.length;
      if (repeats > 0) reporter?.say(`${source.path}: ${repeats} of ${count} rows repeat an earlier one and are left out.`);
      checkAnswers(config, rows, "data.train", reporter);
      return problemList(rows, seed);
    }
  }
}

/** Held-out problems: different ones from every family in equal shares, those of a plugin, or a file's first rows. */
export async function heldOutProblems(config: ProblemsConfig, count: number, context: HubContext = {}): Promise<Problem[]> {
  const source = config.data.test;
  switch (source.kind) {
    case "generated":
      checkFamilies(source.families);
      return distinctTestSet({ count, ...tasksOf(source) });
    case "plugin": {
      const problems = await pluginProblems(config, source, { split: "test", seed: config.seed, count });
      const list = "problem" in problems ? Array.from({ length: count }, (_, index) => problems.problem(index)) : problems;
      return withDistinctIds(list.slice(0, count));
    }
    case "file": {
      const limit = Math.min(count, source.limit ?? Infinity);
      const problems = withDistinctIds(await loadProblems(await localDataset(source.path, context), { ...columnsOf(source), limit }));
      checkAnswers(config, problems, "data.test", context.reporter);
      return problems;
    }
  }
}

type PluginSource = Extract<ProblemSourceConfig, { kind: "plugin" }>;

async function pluginProblems(config: ProblemsConfig, { name, options }: PluginSource, request: Omit<ProblemRequest, "options">) {
  const part = pluginPart(await loadPlugins(config.plugins), "problems", name, `data.${request.split}.name`);
  return part({ ...request, options });
}

/** Which generated problems a source means. */
export function tasksOf(source: ProblemSourceConfig): Omit<TaskSourceOptions, "seed" | "split"> {
  if (source.kind !== "generated") return {};
  const { levelWeights, wordings, families } = source;
  return { levelWeights, wordings, ...(families && { families }) };
}

/** Problems of the training side for deciding when to stop; none is held out. */
export function validationProblems({ data, seed }: ProblemsConfig, count: number): Problem[] {
  return distinctTestSet({ count, seed: seed + 1_000_003, split: "train", ...tasksOf(data.train) });
}

type FileSource = Extract<ProblemSourceConfig, { kind: "file" }>;

/** Reads row by row: of a dataset that has each problem a hundred times, one copy is in memory. */
async function distinctRows(config: FileSource): Promise<{ readonly rows: readonly Problem[]; readonly count: number }> {
  const distinct = new DistinctProblems();
  let count = 0;
  for await (const problem of streamProblems(await localDataset(config.path), columnsOf(config))) {
    count++;
    if (distinct.add(problem) === config.limit) break;
  }
  return { rows: withDistinctIds(distinct.problems), count };
}

function columnsOf({ columns }: FileSource): LoadProblemsOptions {
  return columns === null ? {} : { columns };
}

function checkFamilies(families: readonly string[] | null): void {
  const known = taskFamilies.map(({ name }) => name);
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
