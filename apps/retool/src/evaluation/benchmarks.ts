import { InputError } from "@retool-ts/core";

/** An evaluation protocol by name. */
export interface Benchmark {
  readonly title: string;
  /** Distinct problems that the set has. */
  readonly problems: number;
  /** Settings under those of the command line, as of `--set`. */
  readonly settings: readonly string[];
  /** Places where copies of the data set are published. */
  readonly sources: readonly string[];
}

/**
 * The paper's protocol: 32 samples per problem, temperature 1, top-p 0.7, answers compared by equivalence, no limit on turns. Responses
 * end at 16,384 tokens, which the released evaluation allows for each turn and this one for all turns together, as verl's does.
 *
 * Feng et al., "ReTool" (https://arxiv.org/abs/2504.11536), sec. 3.1, and the evaluation code published with it.
 */
const PAPER_PROTOCOL = [
  "eval.samples=32",
  "eval.sampling.temperature=1",
  "eval.sampling.topP=0.7",
  "eval.sampling.topK=0",
  "eval.sampling.minP=0",
  "budgets.maxResponseTokens=16384",
  "budgets.maxTurns=1000",
  "budgets.maxToolCalls=1000",
  "reward.rule=equivalence",
];

export const BENCHMARKS = {
  aime24: {
    title: "AIME 2024",
    problems: 30,
    settings: PAPER_PROTOCOL,
    sources: ["Maxwell-Jia/AIME_2024", "BytedTsinghua-SIA/AIME-2024"],
  },
  aime25: { title: "AIME 2025", problems: 30, settings: PAPER_PROTOCOL, sources: ["yentinglin/aime_2025"] },
} as const satisfies Record<string, Benchmark>;

export type BenchmarkName = keyof typeof BENCHMARKS;

/**
 * The benchmark of a name, once a file of its problems is named beside it.
 *
 * @throws InputError when there is none, with where to get one.
 */
export function benchmarkOf(name: BenchmarkName, data: string | undefined): Benchmark {
  const benchmark: Benchmark = BENCHMARKS[name];
  if (data !== undefined) return benchmark;
  throw new InputError({
    what: `benchmark ${name}`,
    where: "--data",
    expected: `a file with the ${benchmark.problems} problems of ${benchmark.title}, which do not come with this package`,
    found: "none",
    fix: `download the Parquet or JSONL file of ${benchmark.sources.join(" or ")} from the Hugging Face hub and pass it as --data; columns question/answer, problem/answer, input/output or prompt/reward_model.ground_truth are found by name`,
  });
}
