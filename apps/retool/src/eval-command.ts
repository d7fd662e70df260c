import type { CliContext } from "./command-line.js";
import { checkpointConfig, resolveCheckpoint } from "./checkpoint-source.js";
import { createEnvironment } from "./environment.js";
import { gradedRollouts, MAX_SEQUENCES, summarizeEvaluation, type Evaluation } from "./evaluate.js";
import { setUpModel } from "./model-setup.js";
import { phaseSummary, phaseTable } from "./phases.js";
import { heldOutProblems } from "./problem-source.js";
import type { RecipeConfig } from "./recipe-config.js";
import { createRunFolder, type RunFolder } from "./run-folder.js";
import { toRecord } from "./trajectory-record.js";

export interface EvalOptions {
  readonly checkpoint: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly data?: string;
  readonly question?: readonly string[];
  readonly answer?: string;
  readonly limit?: number;
  readonly samples?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly run?: string;
  readonly json: boolean;
}

/** Evaluates a checkpoint on held-out or given problems: avg@k with its interval, by family and level where problems have them. */
export async function evaluateCheckpoint(options: EvalOptions, { reporter, signal, print }: CliContext): Promise<void> {
  const folder = await resolveCheckpoint(options.checkpoint);
  const config = withOptions(await checkpointConfig(folder, options), options);
  const run = options.run === undefined ? undefined : await createRunFolder(options.run);
  const problems = await heldOutProblems(config.data.test, config.eval.problems);
  const model = await setUpModel(config, folder);
  try {
    const environment = await createEnvironment(config, model);
    try {
      const { samples, sampling } = config.eval;
      const bar = reporter.progress("evaluate", problems.length * samples);
      const groups = await gradedRollouts(model, environment, {
        problems,
        samples,
        sampling,
        seed: config.seed,
        step: 0,
        maxSequences: MAX_SEQUENCES,
        onRollout: (done) => bar.update(done),
        signal,
      });
      signal.throwIfAborted();
      bar.done();
      const evaluation = summarizeEvaluation(groups);
      const records = groups.flat().map((rollout) => toRecord(rollout, { phase: "eval", step: 0 }));
      if (run !== undefined) await saveEvaluation(run, config, model.backend, model.engine.parameters.count, evaluation, records);
      if (options.json)
        print(
          JSON.stringify(
            {
              checkpoint: folder,
              samples,
              passAtK: evaluation.passAtK,
              majorityAtK: evaluation.majorityAtK,
              ...phaseSummary(evaluation),
              stopReasons: evaluation.rollouts.stopReasons,
            },
            null,
            2,
          ),
        );
      else describe(evaluation, config, reporter);
    } finally {
      await environment.close();
    }
  } finally {
    model.dispose();
  }
}

function withOptions(config: RecipeConfig, options: EvalOptions): RecipeConfig {
  const { data, question, answer, limit, samples, temperature, topP } = options;
  const columns =
    question === undefined || answer === undefined ? null : { question: question.length === 1 ? question[0]! : [...question], answer };
  return {
    ...config,
    data: data === undefined ? config.data : { ...config.data, test: { kind: "file", path: data, columns, limit: limit ?? null } },
    eval: {
      problems: limit ?? (data === undefined ? config.eval.problems : Number.MAX_SAFE_INTEGER),
      samples: samples ?? config.eval.samples,
      sampling: { ...config.eval.sampling, ...(temperature === undefined ? {} : { temperature }), ...(topP === undefined ? {} : { topP }) },
    },
  };
}

/** Below this, an accuracy is said to be close to nothing. */
const NEAR_ZERO = 0.02;

function describe(evaluation: Evaluation, config: RecipeConfig, reporter: CliContext["reporter"]): void {
  const { samples, accuracy, n, rollouts } = evaluation;
  reporter.table(phaseTable({ [`avg@${samples}`]: phaseSummary(evaluation) }));
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  if (samples > 1) reporter.say(`\npass@${samples} ${share(evaluation.passAtK)}, maj@${samples} ${share(evaluation.majorityAtK)}`);
  if (accuracy < NEAR_ZERO) {
    const { contextFull } = rollouts.stopReasons;
    const tooLong = contextFull > 0 ? ` ${share(contextFull)} of the problems did not fit its context.` : "";
    reporter.say(
      `\nThis model solves practically none of these ${n} problems (avg@${samples} ${share(accuracy)}): they are beyond what it was trained on.${tooLong}`,
    );
  }
  const groups = Object.keys(evaluation.families).length > 1 ? { ...evaluation.families, ...prefixed(evaluation.levels) } : {};
  if (Object.keys(groups).length > 0) {
    reporter.say("");
    reporter.table([
      ["", "accuracy", "problems"],
      ...Object.entries(groups).map(([name, part]) => [name, share(part.accuracy), String(part.n)]),
    ]);
  }
  reporter.say(
    `\nsampled at temperature ${config.eval.sampling.temperature}, top-p ${config.eval.sampling.topP}; ended: ${endings(rollouts.stopReasons)}`,
  );
}

function prefixed<T>(levels: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(levels).map(([level, part]) => [`level ${level}`, part]));
}

function endings(stopReasons: Evaluation["rollouts"]["stopReasons"]): string {
  const present = Object.entries(stopReasons).filter(([, share]) => share > 0);
  return present.map(([reason, share]) => `${reason} ${(100 * share).toFixed(0)} %`).join(", ");
}

async function saveEvaluation(
  run: RunFolder,
  config: RecipeConfig,
  backend: string,
  parameters: number,
  evaluation: Evaluation,
  records: Parameters<RunFolder["writeTrajectories"]>[1],
): Promise<void> {
  const { stringify } = await import("yaml");
  await run.writeConfig(stringify(config));
  await run.writeTrajectories("eval", records);
  await run.writeSummary({
    seed: config.seed,
    backend,
    seconds: performance.now() / 1_000,
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    model: { parameters },
    phases: { eval: phaseSummary(evaluation) },
  });
}
