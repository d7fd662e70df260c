import { TINY } from "../config/presets/tiny.js";
import type { RecipeInput } from "../config/recipe-config.js";

/** A sweep as its file would have it. */
interface SweepContent {
  readonly presets: readonly string[];
  readonly set: readonly string[];
  readonly seeds: readonly number[];
  readonly shareColdStarts?: boolean;
  readonly cells: Readonly<Record<string, readonly string[]>>;
  readonly baseline: string;
  /** Families, lengths and sentences that no stage saw. */
  readonly evaluations: Readonly<Record<string, readonly string[]>>;
}

type Stage = RecipeInput["sft"]["stages"][number];
type Mixture = NonNullable<Stage["mixture"]>;

/** Arithmetic of columns: one to four digits, every length equally often; worked steps always fit the limit of tokens. */
const PROBLEMS = { kind: "generated", families: ["sum", "difference", "digit-product", "product-sum"], levelWeights: [1, 2, 0] };

/** SFT steps of the first stage, which teaches, and of the second, which mixes in what works less well. */
const TAUGHT = 1_000;
const MIXED = 150;

function coldStart(taught: Mixture, mixed: Mixture | undefined, times = 1): string {
  const rows = { batchSize: 32 } as const;
  const taughtStage: Stage = {
    name: "taught",
    mixture: taught,
    steps: times * (mixed === undefined ? TAUGHT + MIXED : TAUGHT),
    ...rows,
    learningRate: { peak: 5e-3, warmupSteps: 30, kind: "linear", floor: 0.1 },
  };
  if (mixed === undefined) return `sft.stages=${JSON.stringify([taughtStage])}`;
  const mixedStage: Stage = { name: "mixed", mixture: mixed, steps: times * MIXED, ...rows, learningRate: { peak: 1.2e-3, kind: "linear", floor: 0.2 } }; // prettier-ignore
  return `sft.stages=${JSON.stringify([taughtStage, mixedStage])}`;
}

/** Ways of working of the text arm's second stage, in percent: worked columns, columns with a check, place by place, a bare guess. */
const TEXT_WAYS = { text: 22, checked: 5, places: 18, guess: 55 } as const;

/** Those of the tool arm. Both begin at about one accuracy and one entropy; what reinforcement learning made of them was not looked at for this. */
const TOOL_WAYS = { clean: 20, text: 10, checked: 10, guess: 60 } as const;

/** Settings of a cold start in text alone, on problems that are hard to work out in the head, and of the reinforcement learning after it. */
function textAlone(steps: number): readonly string[] {
  const stage: Stage = { name: "text", mixture: "textOnly", steps, batchSize: 32, learningRate: { peak: 5e-3, warmupSteps: 30, kind: "linear", floor: 0.1 } }; // prettier-ignore
  return [`sft.stages=${JSON.stringify([stage])}`, "budgets.maxToolCalls=0", "train.learningRate.peak=2e-4"];
}

/** The same number of rows: code alone, then a mixture in which one trace in eight has code. */
const CODE_THEN_TEXT: readonly Stage[] = [
  { name: "clean", mixture: "clean", steps: 600, batchSize: 32, learningRate: { peak: 5e-3, warmupSteps: 30, kind: "linear", floor: 0.1 } },
  { name: "text-heavy", mixture: "textHeavy", steps: 300, batchSize: 32, learningRate: { peak: 1.2e-3, kind: "linear", floor: 0.2 } },
];

/** The cold start alone: one step of reinforcement learning that changes nothing. */
const NO_RL = ["train.steps=1", "train.learningRate.peak=1e-9"];

/** Of the preset's cold start, the stage that shows nothing but right code. */
const CODE_ALONE = `sft.stages=${JSON.stringify([TINY.sft.stages[0]])}`;

/** Two thirds of the training problems are of the hardest level, instead of a quarter, in the cold start too. */
const HARDER = "data.train.levelWeights=[1,1,4]";

/** Rewards of two parts: the answer, and a cost of every token, as heavy or a tenth of it. */
const WITH_LENGTH = "reward.parts=[{kind: length}]";
const LIGHT_LENGTH = "reward.parts=[{kind: length, weight: 0.1}]";

/** Sweeps by name, each with its question. */
export const READY_SWEEPS: Readonly<Record<string, { readonly meaning: string; readonly content: SweepContent }>> = {
  "tool-or-text": {
    meaning: "does a model learn faster with a tool than in text, where text can be learned too",
    content: {
      presets: ["tiny"],
      set: [
        "threads=1",
        `data.train=${JSON.stringify(PROBLEMS)}`,
        `data.test=${JSON.stringify(PROBLEMS)}`,
        "eval.problems=400",
        "eval.validationProblems=200",
        "train.steps=80",
        "train.evaluateEvery=4",
      ],
      seeds: [1, 2, 3, 4, 5],
      cells: {
        text: [coldStart("textOnly", TEXT_WAYS), "budgets.maxToolCalls=0", "train.learningRate.peak=6e-4"],
        tool: [coldStart({ clean: 50, text: 50 }, TOOL_WAYS), "train.learningRate.peak=6e-4"],
        "text, 3 x SFT": [coldStart("textOnly", TEXT_WAYS, 3), "budgets.maxToolCalls=0", "train.learningRate.peak=6e-4"],
        "tool from text": [coldStart("textOnly", TEXT_WAYS), "train.learningRate.peak=6e-4"],
        "code, no RL": [coldStart("clean", undefined), "train.steps=1", "train.learningRate.peak=1e-9"],
      },
      baseline: "text",
      evaluations: {
        longer: [`data.test=${JSON.stringify({ ...PROBLEMS, levelWeights: [0, 0, 1] })}`, "eval.problems=200"],
        "other-family": [`data.test=${JSON.stringify({ ...PROBLEMS, families: ["sum-difference"] })}`, "eval.problems=200"],
        "other-sentences": [`data.test=${JSON.stringify({ ...PROBLEMS, wordings: "reordered" })}`, "eval.problems=200"],
      },
    },
  },
  "ten-families": {
    meaning: "the same on the ten families of the preset tiny, where reinforcement learning of text finds no hold",
    content: {
      presets: ["tiny"],
      set: ["threads=1", "eval.problems=400", "eval.validationProblems=200", "train.steps=50", "train.evaluateEvery=5"],
      seeds: [1, 2, 3, 4, 5],
      cells: {
        text: textAlone(900),
        tool: [`sft.stages=${JSON.stringify(CODE_THEN_TEXT)}`],
        "text, 3 x SFT": textAlone(2_700),
      },
      baseline: "text",
      evaluations: {},
    },
  },
  losses: {
    meaning: "which surrogates and baselines pay: the same cold starts, problems and learning rate, each method with its paper's settings",
    content: {
      presets: ["tiny"],
      set: ["threads=1", "train.evaluateEvery=5", "eval.problems=400", "eval.validationProblems=200", "train.updatesPerStep=2"],
      seeds: [1, 2, 3, 4, 5],
      shareColdStarts: true,
      cells: {
        grpo: [],
        "dr-grpo": ["train.advantage=dr-grpo", "train.aggregation=seq-mean-token-sum-norm"],
        rloo: ["train.advantage=rloo"],
        "reinforce++": ["train.advantage=reinforce++-baseline"],
        gspo: ["train.loss=gspo", "train.aggregation=seq-mean-token-mean", "train.clipLow=3e-4", "train.clipHigh=4e-4"],
        luspo: ["train.loss=luspo", "train.aggregation=seq-mean-token-sum", "train.clipLow=3e-4", "train.clipHigh=4e-4"],
        cispo: ["train.loss=cispo"],
        sapo: ["train.loss=sapo", "train.aggregation=seq-mean-token-mean"],
        "dppo-tv": ["train.loss=dppo-tv", "train.clipLow=0.15", "train.clipHigh=0.15"],
        "dppo-kl": ["train.loss=dppo-kl", "train.clipLow=0.05", "train.clipHigh=0.05"],
        vespo: ["train.loss=vespo"],
        otb: ["train.advantage=otb"],
        "mt-grpo": ["train.advantage=mt-grpo"],
        dpo: [
          "train.advantage=dpo",
          "train.kl={place: preference, coef: 0.1}",
          "train.oldLogProbs=trainer",
          "train.aggregation=seq-mean-token-sum",
          "train.updatesPerStep=1",
        ],
        "grpo, two rewards": [WITH_LENGTH],
        "gdpo, two rewards": [WITH_LENGTH, "train.advantage=gdpo"],
        "grpo, light length": [LIGHT_LENGTH],
        "gdpo, light length": [LIGHT_LENGTH, "train.advantage=gdpo", "train.gdpoWeights={length: 0.1}"],
        sdpo: ["train.advantage=sdpo"],
      },
      baseline: "grpo",
      evaluations: { "level-3": ["data.test.levelWeights=[0,0,1]", "eval.problems=300"] },
    },
  },
  ablations: {
    meaning: "what the interpreter mask, a critic, harder problems and RL itself change, and what is left on other problems",
    content: {
      presets: ["tiny"],
      set: ["threads=1", "eval.problems=400", "train.evaluateEvery=10", "eval.validationProblems=200"],
      seeds: [1, 2, 3, 4, 5],
      shareColdStarts: true,
      cells: {
        grpo: [],
        "no mask": ["train.maskToolTokens=false"],
        critic: ["train.advantage=gae"],
        "cold start, no RL": NO_RL,
        "code, no RL": [CODE_ALONE, ...NO_RL],
        "mostly level 3": [HARDER],
        "code, mostly level 3, no RL": [CODE_ALONE, HARDER, ...NO_RL],
        "plain code": ["sandbox.helpers=false", "sft.stages.0.snippets=plain", "sft.stages.1.snippets=plain"],
      },
      baseline: "grpo",
      evaluations: {
        "level-3": ["data.test.levelWeights=[0,0,1]"],
        reordered: ["data.test.wordings=reordered"],
        "new-words": ["data.test.wordings=newWords"],
        "no-functions": ["sandbox.helpers=false"],
      },
    },
  },
};
