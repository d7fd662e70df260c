import { InputError } from "@retool-ts/core";
import {
  createTaskSource,
  distinctTestSet,
  loadProblems,
  streamProblems,
  taskFamilies,
  type LoadProblemsOptions,
  problemList,
  type Problem,
  type ProblemSource,
} from "@retool-ts/data";
import { DistinctProblems, withDistinctIds } from "@retool-ts/evaluate";
import { localDataset, type HubContext } from "./hub-files.js";
import type { Reporter } from "../shell/log.js";
import type { ProblemSourceConfig, RecipeConfig } from "../config/recipe-config.js";

/** Problems of a recipe. */
export interface RecipeProblems {
  /** Of training; files are read at the first call. */
  train(): Promise<ProblemSource>;
  /** Held-out ones. */
  readonly test: readonly Problem[];
}

/** Problems that a config names. Held-out ones are read at once, so that a mistake is told before there is a run. */
export async function recipeProblems(
  { data, eval: { problems }, seed }: RecipeConfig,
  reporter?: Pick<Reporter, "say">,
): Promise<RecipeProblems> {
  return { train: () => trainingProblems(data.train, seed, reporter), test: await heldOutProblems(data.test, problems) };
}

/**
 * Training problems without end: generated ones, or a file's rows in a new order each epoch. Rows that repeat an earlier one, question
 * and answer, are left out, so that an epoch has each problem once; a limit counts those that are left.
 *
 * @param reporter - told how many rows were left out.
 */
export async function trainingProblems(
  config: ProblemSourceConfig,
  seed: number,
  reporter?: Pick<Reporter, "say">,
): Promise<ProblemSource> {
  if (config.kind === "generated") {
    checkFamilies(config.families);
    return createTaskSource({
      seed,
      split: "train",
      levelWeights: config.levelWeights,
      wordings: config.wordings,
      ...(config.families ? { families: config.families } : {}),
    });
  }
  const { rows, count } = await distinctRows(config);
  const repeats = count - rows.length;
  if (repeats > 0) reporter?.say(`${config.path}: ${repeats} of ${count} rows repeat an earlier one and are left out.`);
  return problemList(rows, seed);
}

/** Held-out problems: different ones from every family in equal shares, or a file's first rows. */
export async function heldOutProblems(config: ProblemSourceConfig, count: number, context: HubContext = {}): Promise<Problem[]> {
  if (config.kind === "generated") {
    checkFamilies(config.families);
    const { levelWeights, wordings, families } = config;
    return distinctTestSet({ count, levelWeights, wordings, ...(families ? { families } : {}) });
  }
  const limit = Math.min(count, config.limit ?? Infinity);
  return withDistinctIds(await loadProblems(await localDataset(config.path, context), { ...columnsOf(config), limit }));
}

/** Problems of the training side for deciding when to stop; none is held out. */
export function validationProblems(config: ProblemSourceConfig, count: number, seed: number): Problem[] {
  const generated = config.kind === "generated" ? config : undefined;
  return distinctTestSet({
    count,
    seed: seed + 1_000_003,
    split: "train",
    ...(generated === undefined ? {} : { levelWeights: generated.levelWeights, wordings: generated.wordings }),
    ...(generated?.families ? { families: generated.families } : {}),
  });
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
