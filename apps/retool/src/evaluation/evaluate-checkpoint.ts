import type { Problem } from "@retool-ts/data";
import { stringify } from "yaml";
import type { CliContext } from "../shell/cli-context.js";
import { checkpointConfig, resolveCheckpoint } from "../setup/checkpoint-source.js";
import { commandLine } from "../shell/command-name.js";
import { DistinctProblems, type Evaluation, gradedRollouts, sameAnswerUnder, summarizeEvaluation } from "@retool-ts/evaluate";
import { createEnvironment } from "../setup/create-environment.js";
import { describeEvaluation } from "./describe.js";
import { EvalFolder } from "./eval-folder.js";
import { evalIdentity } from "./eval-identity.js";
import { toRecord, type TrajectoryRecord, withFolderLock } from "@retool-ts/runs";
import { benchmarkOf, type Benchmark, type BenchmarkName } from "./benchmarks.js";
import { withOptions, type EvalOverrides } from "./eval-options.js";
import { checkK, evaluatedRecord, evaluationJson } from "./eval-result.js";
import { Interrupted } from "../shell/interrupted.js";
import { unreadableGolds } from "../setup/gold-notice.js";
import { openModel } from "../setup/open-model.js";
import { checkRolloutQueue, withRolloutQueue } from "../setup/rollout-queue.js";
import { phaseSummary } from "../recipe/phases.js";
import { heldOutProblems } from "../setup/held-out-problems.js";
import type { PresetName } from "../config/presets.js";
import type { RecipeConfig } from "../config/recipe-config.js";

export interface EvalOptions extends EvalOverrides {
  readonly model: string;
  readonly config?: string;
  readonly preset?: PresetName;
  readonly set: readonly string[];
  readonly plugin?: readonly string[];
  readonly benchmark?: BenchmarkName;
  readonly passK?: readonly number[];
  readonly majK?: readonly number[];
  readonly output?: string;
  readonly json: boolean;
  /** Settings of the engine, over those of the checkpoint's run. */
  readonly engineSettings?: readonly string[];
}

/** Evaluates a checkpoint on held-out or given problems: avg@k, pass@k and maj@k with intervals, by family and level where problems have them. */
export async function evaluateCheckpoint(options: EvalOptions, context: CliContext): Promise<void> {
  const { print } = context;
  const benchmark = options.benchmark === undefined ? undefined : benchmarkOf(options.benchmark, options.data);
  const folder = await resolveCheckpoint(options.model, context);
  const set = [...(benchmark?.settings ?? []), ...options.set, ...(options.engineSettings ?? [])];
  const config = withOptions(await checkpointConfig(folder, { ...options, set }), options);
  const problems = await evaluationProblems(config, options, benchmark, context);
  const kept =
    options.output === undefined
      ? undefined
      : await EvalFolder.open(options.output, await evalIdentity(config, folder, problems), config.eval.samples);
  const plan = { config, folder, problems, kept, checkpoint: options.model };
  const evaluation = await (kept === undefined
    ? runPlan(plan, options, context)
    : withFolderLock(kept.run.path, () => runPlan(plan, options, context)));
  const unreadable = unreadableGolds(problems, config.reward).length;
  print(options.json ? JSON.stringify(evaluationJson(folder, evaluation, unreadable), null, 2) : describeEvaluation(evaluation, config));
}

/** Samples what is missing, computes the figures and keeps both. */
async function runPlan(plan: SamplingPlan, { passK, majK }: EvalOptions, context: CliContext): Promise<Evaluation> {
  const { config, folder, kept } = plan;
  const { groups, model } = await sampleProblems(plan, context);
  const evaluation = evaluationOf(groups, config, { passK, majK, problems: plan.problems });
  if (kept !== undefined) await save(kept, { config, folder, groups, evaluation, model });
  return evaluation;
}

interface EvaluationOfOptions {
  readonly passK: readonly number[] | undefined;
  readonly majK: readonly number[] | undefined;
  /** Problems of the rollouts, whose columns records may lack. */
  readonly problems?: readonly Problem[];
}

/** Figures of rollouts, one group a problem. */
export function evaluationOf(
  groups: readonly (readonly TrajectoryRecord[])[],
  { reward }: Pick<RecipeConfig, "reward">,
  { passK, majK, problems = [] }: EvaluationOfOptions,
): Evaluation {
  const columns = new Map(problems.map((problem) => [problem.id, problem.columns]));
  return summarizeEvaluation(
    groups.map((group) => group.map((record) => evaluatedRecord(record, columns.get(record.problemId)))),
    {
      same: sameAnswerUnder(reward.rule),
      ...(passK === undefined ? {} : { passK }),
      ...(majK === undefined ? {} : { majorityK: majK }),
    },
  );
}

/**
 * The problems that options and config name.
 *
 * @throws InputError when a k asks for more samples than there are, or there is no such file.
 */
export async function evaluationProblems(
  config: RecipeConfig,
  { passK, majK, limit, data }: Pick<EvalOptions, "passK" | "majK" | "limit" | "data">,
  benchmark: Benchmark | undefined,
  context: CliContext,
): Promise<Problem[]> {
  checkK("--pass-k", passK, config.eval.samples);
  checkK("--maj-k", majK, config.eval.samples);
  const problems = await (benchmark === undefined ? heldOutProblems(config, config.eval.problems, context) : eachOnce(config, context));
  if (benchmark !== undefined && limit === undefined && problems.length !== benchmark.problems) {
    context.reporter.say(`${benchmark.title} has ${benchmark.problems} problems; ${data} has ${problems.length} distinct ones.`);
  }
  return problems;
}

/** Each problem once: published copies of some sets repeat every problem as often as it is to be sampled. */
async function eachOnce(config: RecipeConfig, context: CliContext): Promise<Problem[]> {
  const distinct = new DistinctProblems();
  for (const problem of await heldOutProblems(config, Infinity, context)) distinct.add(problem);
  return distinct.problems.slice(0, config.eval.problems);
}

interface SamplingPlan {
  readonly config: RecipeConfig;
  /** Folder of the model, and what the user called it. */
  readonly folder: string;
  readonly checkpoint: string;
  readonly problems: readonly Problem[];
  /** Folder of finished problems. */
  readonly kept: EvalFolder | undefined;
}

/** Facts of the loaded model that an evaluation leaves in `summary.json`. */
interface ModelFacts {
  readonly backend: string;
  readonly parameters: number;
}

interface SampledProblems {
  /** One group per problem, in order. */
  readonly groups: readonly (readonly TrajectoryRecord[])[];
  /** Undefined when everything had been kept and no model was needed. */
  readonly model: ModelFacts | undefined;
}

/** Rolls out the problems that are not kept yet. */
async function sampleProblems(plan: SamplingPlan, { reporter, signal }: CliContext): Promise<SampledProblems> {
  const { config, folder, problems, kept } = plan;
  const { samples, sampling } = config.eval;
  const finished = (await kept?.finished()) ?? new Map<string, readonly TrajectoryRecord[]>();
  const groups = () => problems.map(({ id }) => finished.get(id)!);
  const open = problems.filter(({ id }) => !finished.has(id));
  if (open.length === 0 && kept?.run.readSummary() !== undefined) return { groups: groups(), model: undefined };
  checkRolloutQueue(config);
  const model = await openModel(config, folder, { reporter, signal });
  try {
    const environment = await withRolloutQueue(config, await createEnvironment(config, model), model, { reporter });
    try {
      const before = problems.length - open.length;
      if (before > 0) reporter.say(`${before} of ${problems.length} problems were finished before`);
      const bar = reporter.progress("evaluate", problems.length * samples, before * samples);
      const request = { samples, sampling, seed: config.seed, step: 0, signal };
      const journal = kept?.openJournal((text) => reporter.say(text));
      try {
        await gradedRollouts(model, environment, {
          ...request,
          ...(journal && { journal }),
          problems: open,
          onRollout: (done) => bar.update(before * samples + done),
          onGroup(group) {
            if (group.some(({ trajectory }) => trajectory.stopReason === "aborted")) return;
            const records = group.map((rollout) => toRecord(rollout, { phase: "eval", step: 0 }));
            kept?.append(records);
            finished.set(records[0]!.problemId, records);
          },
        });
      } finally {
        journal?.close();
      }
      if (signal.aborted) throw interruption(plan, finished.size, signal);
      bar.done();
      return { groups: groups(), model: { backend: model.backend, parameters: model.engine.model.parameters } };
    } finally {
      await environment.close();
    }
  } finally {
    await model.close();
  }
}

function interruption({ kept, checkpoint, problems }: SamplingPlan, finished: number, { reason }: AbortSignal): unknown {
  if (kept === undefined) return reason;
  const command = commandLine("eval", checkpoint, "--output", kept.run.path);
  return new Interrupted(
    `interrupted; ${finished} of ${problems.length} problems are kept. Go on with the same command: ${command} and its other options`,
  );
}

interface SavedEvaluation {
  readonly config: RecipeConfig;
  readonly folder: string;
  readonly groups: readonly (readonly TrajectoryRecord[])[];
  readonly evaluation: Evaluation;
  readonly model: ModelFacts | undefined;
}

async function save(kept: EvalFolder, { config, folder, groups, evaluation, model }: SavedEvaluation): Promise<void> {
  await kept.run.writeConfig(stringify(config));
  const golds = groups.map(([first]) => ({ id: first!.problemId, answer: first!.groundTruth }));
  await kept.finish(groups.flat(), evaluationJson(folder, evaluation, unreadableGolds(golds, config.reward).length));
  if (model === undefined) return;
  await kept.run.writeSummary({
    seed: config.seed,
    backend: model.backend,
    seconds: performance.now() / 1_000,
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    model: { parameters: model.parameters },
    phases: { eval: phaseSummary(evaluation) },
  });
}
