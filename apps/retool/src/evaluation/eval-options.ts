import { InputError } from "@retool-ts/core";
import { checkConfig } from "../config/check-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";

/** Settings of an evaluation's config that the command line changes. */
export interface EvalOverrides {
  readonly data?: string;
  readonly question?: readonly string[];
  readonly answer?: string;
  readonly family?: string;
  readonly level?: string;
  readonly limit?: number;
  readonly samples?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  /** False: without tools, so that what would call one is text. */
  readonly tools?: boolean;
}

/** The options that a key of the config comes from. */
const OPTIONS: Readonly<Record<string, string>> = {
  "eval.problems": "--limit",
  "eval.samples": "--samples",
  "eval.sampling.temperature": "--temperature",
  "eval.sampling.topP": "--top-p",
  "eval.sampling.topK": "--top-k",
  "eval.sampling.minP": "--min-p",
};

/**
 * The config under the command line's own options.
 *
 * @throws InputError for a number out of range, and for columns of problems that have none.
 */
export function withOptions(config: RecipeConfig, options: EvalOverrides): RecipeConfig {
  const { data, limit, samples, temperature, topP, topK, minP, tools = true } = options;
  const sampling = {
    ...config.eval.sampling,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    ...(minP === undefined ? {} : { minP }),
  };
  const changed = {
    ...config,
    tools: tools ? config.tools : [],
    data: { ...config.data, test: testSource(config, options) },
    eval: {
      ...config.eval,
      problems: limit ?? (data === undefined ? config.eval.problems : Number.MAX_SAFE_INTEGER),
      samples: samples ?? config.eval.samples,
      sampling,
    },
  };
  const nameOf = (path: readonly PropertyKey[]) => OPTIONS[path.join(".")] ?? path.join(".");
  return checkConfig(changed, nameOf, nameOf);
}

function testSource(
  { data: { test } }: RecipeConfig,
  { data, question, answer, family, level }: EvalOverrides,
): RecipeConfig["data"]["test"] {
  const columns = {
    ...(question === undefined ? {} : { question: question.length === 1 ? question[0]! : [...question] }),
    ...(answer === undefined ? {} : { answer }),
    ...(family === undefined ? {} : { family }),
    ...(level === undefined ? {} : { level }),
  };
  const [named] = Object.keys(columns);
  if (data !== undefined) return { kind: "file", path: data, columns: named === undefined ? null : columns, limit: null, filter: null };
  if (named === undefined) return test;
  if (test.kind === "file") return { ...test, columns: { ...test.columns, ...columns } };
  throw new InputError({
    what: "retool eval",
    where: `--${named}`,
    expected: "a file of problems",
    found: "generated ones, which have no columns",
    fix: "name the file with --data",
  });
}
