import type { PhaseSummary } from "@retool-ts/runs";
import type { ArmName } from "./arms.js";
import type { ArmRun } from "./arm-run.js";
import type { CurvePoint } from "./figures.js";

/** Differences between example runs. */
export interface ExampleRun {
  readonly arm: ArmName;
  readonly seed: number;
  /** Held-out accuracy every five steps, the cold start first. */
  readonly accuracies: readonly number[];
  readonly codeRatios?: readonly number[];
  readonly lengths?: readonly number[];
  readonly stageAccuracy?: Readonly<Record<string, number>>;
  readonly helperShare?: number | null;
}

/** A finished run with made-up figures. */
export function exampleRun({ arm, seed, accuracies, codeRatios, lengths, stageAccuracy = {}, helperShare = null }: ExampleRun): ArmRun {
  const curve = accuracies.map((accuracy, i): CurvePoint => ({
    step: 5 * i,
    accuracy,
    codeRatio: codeRatios?.[i] ?? 0,
    responseTokens: lengths?.[i] ?? 20,
  }));
  return {
    arm,
    seed,
    run: `${arm}-seed${seed}`,
    backend: "wasm",
    parameters: 196_848,
    curve,
    coldStart: phase(curve[0]!),
    final: phase(curve.at(-1)!),
    stageAccuracy,
    sft: { steps: 600, rows: 19_200, tokens: 1_000_000, flop: 1.2e12 },
    rl: { steps: 5 * (curve.length - 1), rollouts: 6_400, tokens: 170_000, zeroVarianceShare: 0.5 },
    helperShare,
  };
}

function phase({ accuracy, codeRatio, responseTokens }: CurvePoint): PhaseSummary {
  return {
    n: 200,
    accuracy,
    ci95: [0, 1],
    codeRatio,
    codePassRate: null,
    meanTurns: 1,
    meanTokens: responseTokens,
    families: { gcd: { n: 20, accuracy }, lcm: { n: 20, accuracy: accuracy / 2 } },
    levels: { 1: { n: 100, accuracy }, 2: { n: 50, accuracy: accuracy / 2 } },
  };
}
