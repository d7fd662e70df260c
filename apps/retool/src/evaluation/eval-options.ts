import type { RecipeConfig } from "../recipe-config.js";

/** What the command line changes of an evaluation's config. */
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
}

/** The config under the command line's own options. */
export function withOptions(config: RecipeConfig, options: EvalOverrides): RecipeConfig {
  const { data, question, answer, family, level, limit, samples, temperature, topP, topK } = options;
  const columns = {
    ...(question === undefined ? {} : { question: question.length === 1 ? question[0]! : [...question] }),
    ...(answer === undefined ? {} : { answer }),
    ...(family === undefined ? {} : { family }),
    ...(level === undefined ? {} : { level }),
  };
  const test = {
    kind: "file",
    path: data ?? "",
    columns: Object.keys(columns).length === 0 ? null : columns,
    limit: limit ?? null,
  } as const;
  const sampling = {
    ...config.eval.sampling,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
  };
  return {
    ...config,
    data: data === undefined ? config.data : { ...config.data, test },
    eval: {
      ...config.eval,
      problems: limit ?? (data === undefined ? config.eval.problems : Number.MAX_SAFE_INTEGER),
      samples: samples ?? config.eval.samples,
      sampling,
    },
  };
}
