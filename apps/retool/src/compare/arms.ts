import type { PresetName } from "../config/presets.js";
import type { RecipeInput } from "../config/recipe-config.js";

/** The sides of the comparison. */
export type ArmName = "tool" | "text" | "text-3x";

/** Names of arms in tables and sentences. */
export const ARM_TITLES: Readonly<Record<ArmName, string>> = {
  tool: "tool RL",
  text: "text RL, equal SFT",
  "text-3x": "text RL, 3 × SFT",
};

/** In the order in which they are shown. */
export const ARM_NAMES = Object.keys(ARM_TITLES) as readonly ArmName[];

/** A comparison as settings over a preset, in the form of `--set`: those of all arms, and the cold start of each. */
export interface Comparison {
  readonly preset: PresetName;
  readonly shared: readonly string[];
  readonly arms: Readonly<Record<ArmName, readonly string[]>>;
}

type Stage = RecipeInput["sft"]["stages"][number];

interface ColdStarts {
  /** SFT steps of the tool arm on code alone, then on a mixture in which one trace in eight has code. */
  readonly cleanSteps: number;
  readonly mixedSteps: number;
  readonly batchSize: number;
  readonly validationProblems: number;
  readonly rates: Readonly<Record<"clean" | "mixed" | "text", Stage["learningRate"]>>;
  /** Highest learning rate of RL in the text arms, in which lower ones do better. */
  readonly textRlRate: number;
}

/** The text arm has as many SFT steps of as many rows as the tool arm, the third arm three times as many. */
function equalEffort({ cleanSteps, mixedSteps, batchSize, validationProblems, rates, textRlRate }: ColdStarts): Comparison["arms"] {
  // A stage that would stop at 100 % validates at its last step, and so tells what it ended with.
  const validation = { stopAtAccuracy: 1, validateFrom: cleanSteps, validateEvery: cleanSteps, validationProblems };
  const textOnly = (steps: number) => [
    stages([{ name: "text", mixture: "textOnly", steps, batchSize, learningRate: rates.text }]),
    `train.learningRate.peak=${textRlRate}`,
    "budgets.maxToolCalls=0", // a turn that asks for a tool ends the rollout
  ];
  const steps = cleanSteps + mixedSteps;
  return {
    tool: [
      stages([
        { name: "clean", mixture: "clean", steps: cleanSteps, batchSize, learningRate: rates.clean, ...validation },
        { name: "text-heavy", mixture: "textHeavy", steps: mixedSteps, batchSize, learningRate: rates.mixed },
      ]),
    ],
    text: textOnly(steps),
    "text-3x": textOnly(3 * steps),
  };
}

function stages(list: readonly Stage[]): string {
  return `sft.stages=${JSON.stringify(list)}`;
}

/** Comparisons by name: the one to believe, and one of seconds in which every part runs and nothing is learned. */
export const COMPARISONS = {
  tiny: {
    preset: "tiny",
    shared: ["train.steps=50", "train.evaluateEvery=5", "eval.problems=200", "data.validation=test"],
    arms: equalEffort({
      cleanSteps: 600,
      mixedSteps: 300,
      batchSize: 32,
      validationProblems: 200,
      rates: {
        clean: { peak: 5e-3, warmupSteps: 30, kind: "linear", floor: 0.1 },
        mixed: { peak: 1.2e-3, kind: "linear", floor: 0.2 },
        text: { peak: 5e-3, warmupSteps: 30, kind: "linear", floor: 0.1 },
      },
      textRlRate: 2e-4,
    }),
  },
  smoke: {
    preset: "smoke",
    shared: ["train.steps=4", "train.evaluateEvery=2", "data.validation=test"],
    arms: equalEffort({
      cleanSteps: 4,
      mixedSteps: 2,
      batchSize: 8,
      validationProblems: 10,
      rates: { clean: { peak: 5e-3 }, mixed: { peak: 1e-3 }, text: { peak: 5e-3 } },
      textRlRate: 6e-4,
    }),
  },
} as const satisfies Record<string, Comparison>;

export type ComparisonName = keyof typeof COMPARISONS;
