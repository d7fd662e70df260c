import type { Problem } from "@retool-ts/data";
import { gradedRollouts, summarizeEvaluation, type Evaluation, type GradedRollout } from "@retool-ts/evaluate";
import type { PhaseSummary, RunFolder, Summary } from "@retool-ts/runs";
import { withPartial } from "@retool-ts/train";
import type { RecipeContext } from "./recipe-context.js";

/** Evaluates on held-out problems, keeps the rollouts as `trajectories/NAME.jsonl.gz` and adds the phase to `summary.json`. */
export async function evaluatePhase(
  context: RecipeContext,
  name: string,
  problems: readonly Problem[],
  step: number,
): Promise<GradedRollout[][]> {
  const { config, model, environment, run, reporter, signal } = context;
  const { samples, sampling } = config.eval;
  const bar = reporter.progress(`evaluate ${name}`, problems.length * samples);
  const groups = await withPartial({ ...context, recorder: run, seed: config.seed }, { name, policy: model, sampling }, (journal) =>
    gradedRollouts(model, environment, {
      problems,
      samples,
      sampling,
      seed: config.seed,
      step,
      onRollout: (done) => bar.update(done),
      ...(journal && { journal }),
      signal,
    }),
  );
  signal.throwIfAborted();
  bar.done();
  await run.writeRollouts(name, groups.flat(), { phase: name, step });
  await addPhase(context, name, summarizeEvaluation(groups));
  await run.removeJournal(name);
  return groups;
}

/** Figures of an evaluation that `summary.json` keeps. */
export function phaseSummary(evaluation: Evaluation): PhaseSummary {
  const { n, accuracy, ci95, rollouts, families, levels, digits } = evaluation;
  const pass = rollouts.lastCallPassRate;
  return {
    n,
    accuracy,
    ci95,
    codeRatio: rollouts.codeRatio,
    codePassRate: Number.isNaN(pass) ? null : pass,
    meanTurns: rollouts.meanTurns,
    meanTokens: rollouts.meanResponseTokens,
    families,
    levels,
    ...(Object.keys(digits).length > 0 && { digits }),
  };
}

async function addPhase({ config, model, run }: RecipeContext, name: string, evaluation: Evaluation): Promise<void> {
  const before = run.readSummary();
  const summary: Summary = {
    seed: config.seed,
    backend: model.backend,
    seconds: (before?.seconds ?? 0) + secondsSinceLast(run),
    peakRssBytes: Math.max(before?.peakRssBytes ?? 0, process.resourceUsage().maxRSS * 1_024),
    model: { parameters: model.engine.model.parameters },
    phases: { ...before?.phases, [name]: phaseSummary(evaluation) },
  };
  await run.writeSummary(summary);
}

const clocks = new WeakMap<RunFolder, number>();

/** Seconds since the run was opened or last asked, so that a resumed run adds up. */
function secondsSinceLast(run: RunFolder): number {
  const now = performance.now();
  const last = clocks.get(run) ?? run.openedAt;
  clocks.set(run, now);
  return (now - last) / 1_000;
}

/** Rows of a table that compares phases. */
export function phaseTable(phases: Readonly<Record<string, PhaseSummary>>): string[][] {
  const percent = (share: number | null) => (share === null ? "-" : `${(100 * share).toFixed(1)} %`);
  return [
    ["", "accuracy", "95 % interval", "problems", "use code", "code passes", "turns", "tokens"],
    ...Object.entries(phases).map(([name, phase]) => [
      PHASE_TITLES[name] ?? name,
      percent(phase.accuracy),
      `${percent(phase.ci95[0])} to ${percent(phase.ci95[1])}`,
      String(phase.n),
      percent(phase.codeRatio),
      percent(phase.codePassRate),
      phase.meanTurns.toFixed(2),
      phase.meanTokens.toFixed(1),
    ]),
  ];
}

const PHASE_TITLES: Readonly<Record<string, string>> = { coldStart: "cold start, before RL", final: "after RL" };
