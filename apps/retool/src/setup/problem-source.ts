import { RandomStream, RetoolError } from "@retool-ts/core";
import {
  createTaskSource,
  distinctTestSet,
  filterProblems,
  mixProblems,
  problemList,
  type Problem,
  type ProblemSource,
} from "@retool-ts/data";
import { streamProblems } from "@retool-ts/data/node";
import { DistinctProblems, withDistinctIds } from "@retool-ts/evaluate";
import type { ProblemSourceConfig } from "../config/problem-source-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import type { Reporter } from "../shell/log.js";
import {
  checkAnswers,
  columnsOf,
  type FileSource,
  heldOutOf,
  heldOutProblems,
  nothingPasses,
  pluginProblems,
  type ProblemsConfig,
} from "./held-out-problems.js";
import { localDataset, type HubContext } from "./hub-files.js";
import { problemFilter, type KeepsProblem } from "./problem-filter.js";
import { tasksOf } from "./task-families.js";

/** Problems of a recipe. */
export interface RecipeProblems {
  readonly train: ProblemSource;
  /** Those by which a run is looked at along the way; none where it is not. */
  readonly validation: readonly Problem[];
  /** Those that are looked at before and after reinforcement learning alone. */
  readonly test: readonly Problem[];
}

/** Problems that a caller brings. A list of training problems is gone through in a new order each epoch. */
export interface OwnProblems {
  readonly train?: ProblemSource | readonly Problem[];
  /** Default: problems of a list `train` that are kept out of training, else those of `test`. */
  readonly validation?: readonly Problem[];
  readonly test?: readonly Problem[];
}

const UNREAD: ProblemSource = {
  problem() {
    throw new RetoolError("PROBLEMS", "training problems were not read: no part of the recipe rolls them out");
  },
};

/** Options of opening problems, beside the config. */
export interface ProblemOptions {
  /** Training problems are read only where there is reinforcement learning, or a stage that rolls them out. */
  readonly parts: Pick<RecipeParts, "rl"> & Partial<RecipeParts>;
  readonly own?: OwnProblems | undefined;
  readonly reporter?: Reporter;
}

/** Problems of the caller, else those that a config names: all that parts of a recipe need are read now. */
export async function recipeProblems(config: RecipeConfig, { parts, own = {}, reporter }: ProblemOptions): Promise<RecipeProblems> {
  const context = { ...(reporter && { reporter }) };
  const { problems: count } = config.eval;
  const test = own.test === undefined ? await heldOutProblems(config, count, context) : withDistinctIds(own.test).slice(0, count);
  const looks = parts.rl ? validationCount(config) : 0;
  const named = looks === 0 ? [] : await namedValidation(config, looks, { own, test, context });
  const { source, withheld } = await openTraining(config, { parts, own, withhold: { count: named === undefined ? looks : 0, ...context } });
  if (named === undefined && withheld.length === 0) {
    reporter?.say("no training problems are kept out for validation: evaluations along the way look at the test problems.");
  }
  return { train: source, validation: named ?? (withheld.length === 0 ? test.slice(0, looks) : withheld), test };
}

/** Validation problems that a run asks for. */
export function validationCount({ train, eval: { problems, validationProblems } }: Pick<RecipeConfig, "train" | "eval">): number {
  return train.evaluateEvery === null ? 0 : (validationProblems ?? problems);
}

interface ValidationRequest {
  readonly own: OwnProblems;
  readonly test: readonly Problem[];
  readonly context: HubContext;
}

/** The caller's, those that the config names, or another draw of generated held-out ones; undefined where training is to spare some. */
async function namedValidation(config: RecipeConfig, count: number, { own, test, context }: ValidationRequest) {
  const { train, validation, test: tested } = config.data;
  if (own.validation !== undefined) return withDistinctIds(own.validation).slice(0, count);
  if (validation === "test") return test.slice(0, count);
  if (validation === null && (own.train !== undefined || own.test !== undefined)) return undefined;
  const source = validation ?? (tested.kind === "generated" ? tested : train.kind === "file" ? undefined : train);
  return source && heldOutOf(config, source, { split: "validation", where: "data.validation", count, without: test, context });
}

interface TrainingRequest extends Pick<ProblemOptions, "parts"> {
  readonly own: OwnProblems;
  readonly withhold: Withholding;
}

/** Training problems, and those of a list that are kept out of them. */
async function openTraining(config: RecipeConfig, { parts, own, withhold }: TrainingRequest): Promise<SplitTraining> {
  const { train } = own;
  const isUsed = parts.rl || (parts.sft === true && config.sft.stages.some(({ source }) => source.kind === "rollouts"));
  if (train === undefined) return isUsed ? readTraining(config, withhold) : { source: UNREAD, withheld: [] };
  if ("problem" in train) return { source: train, withheld: [] };
  return withoutWithheld(withDistinctIds(train), config.seed, { ...withhold, where: "problems.train" });
}

interface SplitTraining {
  readonly source: ProblemSource;
  readonly withheld: readonly Problem[];
}

/** Largest part of the training rows that is kept out of training. */
const WITHHELD_SHARE = 0.1;

/** Rows to keep out of training, and who is told of them. */
interface Withholding {
  readonly count: number;
  readonly reporter?: Pick<Reporter, "say">;
}

/** Problems without end, and those that are not among them: always the same ones of a list, whatever else is set. */
function withoutWithheld(
  rows: readonly Problem[],
  seed: number,
  { count, where, reporter }: Withholding & { readonly where: string },
): SplitTraining {
  const share = Math.min(count, Math.floor(WITHHELD_SHARE * rows.length));
  const withheld = new RandomStream(0, ["validation-rows"]).shuffle(rows).slice(0, share);
  if (share > 0) reporter?.say(`${where}: ${share} of ${rows.length} problems are kept out of training, for validation.`);
  const isKept = new Set(withheld);
  return { source: problemList(share === 0 ? rows : rows.filter((row) => !isKept.has(row)), seed), withheld };
}

/**
 * Training problems without end: generated ones, those of a plugin, or a file's rows in a new order each epoch. Rows that repeat an
 * earlier one, question and answer, are left out, so that an epoch has each problem once; a limit counts those that are left.
 *
 * @param reporter - told how many rows were left out.
 */
export async function trainingProblems(config: ProblemsConfig, reporter?: Pick<Reporter, "say">): Promise<ProblemSource> {
  return (await readTraining(config, { count: 0, ...(reporter && { reporter }) })).source;
}

/** Training problems of all sources; those kept out are of `data.train`. */
async function readTraining(config: ProblemsConfig, withhold: Withholding): Promise<SplitTraining> {
  const { train, mix = [] } = config.data;
  const first = await readSource(config, train, { ...withhold, where: "data.train" });
  if (mix.length === 0) return first;
  const sources = [{ source: first.source, weight: 1 }];
  for (const [i, { source, weight }] of mix.entries()) {
    const others = { ...withhold, count: 0, where: `data.mix.${i}.source` };
    sources.push({ source: (await readSource(config, source, others)).source, weight });
  }
  return { ...first, source: mixProblems(sources, config.seed) };
}

async function readSource(
  config: ProblemsConfig,
  source: ProblemSourceConfig,
  withhold: Withholding & { readonly where: string },
): Promise<SplitTraining> {
  const { seed } = config;
  const { reporter, where } = withhold;
  const keep = await problemFilter(source.filter);
  switch (source.kind) {
    case "generated": {
      const tasks = createTaskSource({ seed, split: "train", ...(await tasksOf(config, source)) });
      return { source: keep === undefined ? tasks : filterProblems(tasks, keep), withheld: [] };
    }
    case "plugin": {
      const problems = await pluginProblems(config, source, { split: "train", seed, count: Infinity });
      if ("problem" in problems) return { source: keep === undefined ? problems : filterProblems(problems, keep), withheld: [] };
      return { source: problemList(withDistinctIds(keep === undefined ? problems : problems.filter(keep)), seed), withheld: [] };
    }
    case "file": {
      const { rows, count, left } = await distinctRows(source, keep);
      if (left > 0) reporter?.say(`${source.path}: ${left} of ${count} rows are left out by the filter.`);
      if (rows.length === 0 && left > 0) throw nothingPasses(where, count);
      const repeats = count - left - rows.length;
      if (repeats > 0) reporter?.say(`${source.path}: ${repeats} of ${count} rows repeat an earlier one and are left out.`);
      checkAnswers(config, rows, where, reporter);
      return withoutWithheld(rows, seed, withhold);
    }
  }
}

/** Problems of the training side for deciding when a stage of supervised training stops; none is held out. */
export async function stageProblems(config: Pick<ProblemsConfig, "data" | "seed" | "plugins">, count: number): Promise<Problem[]> {
  const { data, seed } = config;
  return distinctTestSet({ count, seed: seed + 1_000_003, split: "train", ...(await tasksOf(config, data.train)) });
}

/** Reads row by row: of a dataset that has each problem a hundred times, one copy is in memory. */
async function distinctRows(
  config: FileSource,
  keep: KeepsProblem | undefined,
): Promise<{ readonly rows: readonly Problem[]; readonly count: number; readonly left: number }> {
  const distinct = new DistinctProblems();
  let [count, left] = [0, 0];
  for await (const problem of streamProblems(await localDataset(config.path), columnsOf(config))) {
    count++;
    if (keep?.(problem) === false) left++;
    else if (distinct.add(problem) === config.limit) break;
  }
  return { rows: withDistinctIds(distinct.problems), count, left };
}
