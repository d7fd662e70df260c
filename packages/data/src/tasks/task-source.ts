import { InputError, RandomStream, RetoolError, streamKey } from "@retool-ts/core";
import type { Problem } from "../problem.js";
import { namedFamilies, taskFamilies } from "./families.js";
import type { TaskFamily, TaskInstance, TaskLevel, Wordings } from "./task-family.js";

/** Side of the split: no problem is on both. */
export type TaskSplit = "train" | "test";

/** A {@link Problem} made by a task family, with the instance that knows its snippets and steps. */
export interface GeneratedProblem extends Problem {
  readonly source: "generated";
  readonly family: string;
  readonly level: TaskLevel;
  /** Family and canonical operands: equal keys are the same problem in other words. */
  readonly key: string;
  readonly instance: TaskInstance;
}

export interface TaskSourceOptions {
  /** Draws other problems; which side of the split a problem is on does not depend on it. */
  readonly seed: number;
  readonly split: TaskSplit;
  /** Names from `namedFamilies`, or families of one's own; `taskFamilies` by default. */
  readonly families?: readonly (string | TaskFamily)[];
  /** Relative frequency of levels 1, 2 and 3; 2 : 1 : 1 by default. */
  readonly levelWeights?: LevelWeights;
  /** `training` by default. The others change the questions and nothing else: equal indices are equal problems. */
  readonly wordings?: Wordings;
}

/** Frequencies of levels 1, 2 and 3, relative to each other. */
export type LevelWeights = readonly [easy: number, medium: number, hard: number];

/** An endless list of problems, addressed by index. */
export interface TaskSource {
  /** Pure: the same index always gives the same problem. */
  problem(index: number): GeneratedProblem;
}

const DEFAULT_LEVEL_WEIGHTS: LevelWeights = [2, 1, 1];
const TEST_SHARE = 0.2;
const MAX_TRIES = 1000;

/** The side of the split that a key is on: a hash of the key alone sends one fifth to the test side. */
export function splitOfKey(key: string): TaskSplit {
  const [hash] = streamKey(0, ["task-split", key]);
  return hash / 2 ** 32 < TEST_SHARE ? "test" : "train";
}

/**
 * Problems of the chosen families in equal shares: each run of as many indices as there are families holds every
 * family once, in shuffled order. A problem of the other split is redrawn.
 */
export function createTaskSource(options: TaskSourceOptions): TaskSource {
  const { seed, split, levelWeights = DEFAULT_LEVEL_WEIGHTS, wordings = "training" } = options;
  const families = selectFamilies(options.families);
  const levels = checkedLevels(levelWeights);
  return {
    problem(index) {
      const block = Math.floor(index / families.length);
      const order = new RandomStream(seed, ["task-order", split, block]).shuffle(families);
      const family = order[index % families.length]!;
      const stream = new RandomStream(seed, ["task", split, index]);
      const level = stream.pickWeighted(levels);
      for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
        const instance = family.generate(stream, level);
        const key = `${family.name}:${instance.key}`;
        if (splitOfKey(key) !== split) continue;
        const { answer } = instance;
        const question = wordings === "training" ? instance.question : instance.unseen[wordings];
        const columns = { digits: Math.max(...(question.match(/\d+/g) ?? [""]).map((number) => number.length)) };
        return {
          id: `${split}-${seed}-${index}`,
          question,
          answer,
          source: "generated",
          family: family.name,
          level,
          columns,
          key,
          instance,
        };
      }
      throw new RetoolError("TASK_SPLIT", `task ${family.name}, level ${level}: no ${split} problem in ${MAX_TRIES} draws`);
    },
  };
}

/** Families by name, those of one's own, or all ten that need no name; an unknown name is the caller's mistake. */
export function selectFamilies(names?: readonly (string | TaskFamily)[]): readonly TaskFamily[] {
  const known = namedFamilies.map(({ name }) => name).join(", ");
  if (names === undefined) return taskFamilies;
  if (names.length === 0) throw familyError("an empty list", known);
  return names.map((name) => {
    if (typeof name !== "string") return name;
    const family = namedFamilies.find((candidate) => candidate.name === name);
    if (family === undefined) throw familyError(name, known);
    return family;
  });
}

function familyError(found: string, known: string): InputError {
  return new InputError({
    what: "task source",
    where: "families",
    expected: `names among ${known}`,
    found,
    fix: "name at least one of these families, or leave the option out for all",
  });
}

function checkedLevels(weights: LevelWeights): readonly (readonly [TaskLevel, number])[] {
  if (weights.length === 3 && weights.every((weight) => Number.isFinite(weight) && weight >= 0) && weights.some((weight) => weight > 0)) {
    return [
      [1, weights[0]],
      [2, weights[1]],
      [3, weights[2]],
    ];
  }
  throw new InputError({
    what: "task source",
    where: "levelWeights",
    expected: "three numbers of at least 0, one of them above 0",
    found: JSON.stringify(weights),
    fix: "give one weight for each of the levels 1, 2 and 3",
  });
}
