import { createTaskSource, findOverlap, type Problem } from "@retool-ts/data";
import { loadConfig } from "../config/load-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { questionsOf } from "../data-build/file-overlap.js";
import { stageOffset } from "@retool-ts/train";
import { tasksOf } from "../setup/task-families.js";
import { type RecipeProblems, recipeProblems } from "../setup/problem-source.js";
import type { CliContext } from "../shell/cli-context.js";
import { formatTable } from "../shell/text-table.js";
import { configSources, type RunOptions } from "./run-options.js";

/** Options of `retool data splits`. */
export interface SplitsOptions extends Pick<RunOptions, "preset" | "config" | "set" | "plugin"> {
  readonly json?: boolean;
}

/** Problems that something learns from, and how many of the held-out ones are among them. */
interface LearnedFrom {
  readonly name: string;
  readonly problems: number;
  readonly validation: Shared;
  readonly test: Shared;
}

interface Shared {
  readonly same: number;
  readonly alike: number;
}

/** A problem as it is compared: by its words, and by its family and operands where it was generated. */
interface Compared {
  readonly text: string;
  readonly key?: string;
}

/** Prints what training shares with validation and test problems: every problem that the recipe would learn from is looked at. */
export async function dataSplits({ json = false, ...options }: SplitsOptions, { print, reporter, signal }: CliContext): Promise<void> {
  const config = await loadConfig(configSources(options));
  const problems = await recipeProblems(config, { parts: { rl: true }, reporter });
  const [validation, test] = [problems.validation, problems.test].map((list) => list.map(compared));
  const learned: LearnedFrom[] = [];
  for (const { name, problems: seen } of await learnedProblems(config, problems, { reporter, signal })) {
    learned.push({ name, problems: seen.length, validation: sharedBy(seen, validation!), test: sharedBy(seen, test!) });
  }
  const between = sharedBy(validation!, test!);
  if (json) {
    print(JSON.stringify({ validation: validation!.length, test: test!.length, validationInTest: between, learned }, null, 2));
    return;
  }
  const share = ({ same, alike }: Shared) => `${same} and ${alike}`;
  print(
    formatTable([
      ["learned from", "problems", `of ${validation!.length} for validation`, `of ${test!.length} for the test`],
      ...learned.map((row) => [row.name, row.problems.toLocaleString("en-US"), share(row.validation), share(row.test)]),
      ["validation", String(validation!.length), "", share(between)],
    ]),
  );
  print("Held-out problems that are the same as one that is learned from, and others that share 13 words in a row with one.");
}

/** Counts held-out problems that are among others. */
function sharedBy(learned: readonly Compared[], heldOut: readonly Compared[]): Shared {
  const { same, alike } = findOverlap(
    learned.map(({ text }) => text),
    heldOut.map(({ text }) => text),
  );
  const keys = new Set(learned.map(({ key }) => key).filter((key) => key !== undefined));
  const all = new Set(same);
  heldOut.forEach(({ key }, index) => key !== undefined && keys.has(key) && all.add(index));
  return { same: all.size, alike: alike.filter((index) => !all.has(index)).length };
}

/** Problems of each stage of supervised training, and of reinforcement learning without refills. */
async function learnedProblems(config: RecipeConfig, { train }: RecipeProblems, context: Pick<CliContext, "reporter" | "signal">) {
  const { seed, data, sft: { stages }, train: { steps, promptsPerStep } } = config; // prettier-ignore
  const learned: { readonly name: string; readonly problems: readonly Compared[] }[] = [];
  for (const stage of stages) {
    const problems =
      stage.source.kind === "file"
        ? (await questionsOf(stage.source.path, context)).map((text) => ({ text }))
        : stage.source.kind === "rollouts"
          ? taken(train, stageOffset(stages, stage), stage.source.problems)
          : taken(
              createTaskSource({ ...(await tasksOf(config, data.train)), seed, split: "train" }),
              stageOffset(stages, stage),
              stage.steps * stage.batchSize,
            );
    learned.push({ name: `SFT ${stage.name}`, problems });
  }
  return [...learned, { name: "RL", problems: taken(train, 0, steps * promptsPerStep) }];
}

/** Different problems of a stretch. */
function taken(source: RecipeProblems["train"], from: number, count: number): Compared[] {
  const distinct = new Map<string, Compared>();
  for (let index = from; index < from + count; index++) {
    const problem = compared(source.problem(index));
    distinct.set(problem.key ?? problem.text, problem);
  }
  return [...distinct.values()];
}

function compared(problem: Problem): Compared {
  const { question } = problem;
  return "key" in problem && typeof problem.key === "string" ? { text: question, key: problem.key } : { text: question };
}
