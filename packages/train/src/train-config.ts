import { InputErrors } from "@retool-ts/core";
import { AGGREGATIONS, KL_ESTIMATORS, POLICY_LOSSES, SAPO_TAUS, VESPO_KERNELS } from "@retool-ts/engine";
import { z } from "zod";
import { readConfig, count, batchCount, LearningRate, positive, samplingConfig, fraction } from "./config-parts.js";

/** Reinforcement learning: how much, with which algorithm, and what is kept. */
export const TrainConfig = z
  .strictObject({
    steps: positive.describe("Steps of reinforcement learning."),
    promptsPerStep: batchCount.describe("Prompts per step."),
    groupSize: batchCount.describe("Rollouts per prompt."),
    learningRate: LearningRate.describe("Learning rate over the steps."),
    advantage: z
      .enum([
        "grpo",
        "dr-grpo",
        "rloo",
        "reinforce++",
        "reinforce++-baseline",
        "remax",
        "gdpo",
        "mt-grpo",
        "otb",
        "dpo",
        "sdpo",
        "gae",
        "none",
      ])
      .default("grpo")
      .describe("Advantage estimator; see `docs/guide/recipe.md`."),
    gdpoWeights: z
      .record(z.string(), z.number())
      .default({})
      .describe("Of `gdpo`: the weight of a part of the reward by its name, after its normalisation; 1 where none is given."),
    turnCredit: z
      .strictObject({
        coef: z.number().min(0).default(1).describe("Weight of a turn's own advantage beside that of the outcome."),
        ok: z.number().default(1).describe("Reward of a turn whose call of a tool ran, unless the reward function rates turns itself."),
        failed: z.number().default(0).describe("Reward of a turn whose call failed."),
      })
      .prefault({})
      .describe("Of `mt-grpo`: credit for single turns."),
    feedback: z
      .strictObject({
        solutions: z.boolean().default(true).describe("Tell of a right response of the same group, if there is another one."),
        errors: z.boolean().default(true).describe("Tell what the failed calls of a wrong response gave."),
      })
      .prefault({})
      .describe("Of `sdpo`: what the policy is told of an attempt when it judges each of its tokens anew."),
    gamma: fraction.default(1).describe("Discount γ a policy token, of `reinforce++` and `gae`."),
    gaeLambda: fraction.default(1).describe("λ of `gae`."),
    critic: z
      .strictObject({
        learningRate: LearningRate.prefault({ peak: 1e-3 }).describe("Learning rate of the critic."),
        warmupSteps: count.default(0).describe("First steps in which only the critic learns."),
        pretrainSteps: count
          .default(0)
          .describe(
            "Steps before the first one in which only the critic learns, from whole returns (λ = 1) of the policy that RL begins with.",
          ),
        clipValue: z.number().positive().default(0.5).describe("Largest change of a value from its old one before its loss stops falling."),
      })
      .prefault({})
      .describe("The critic of `gae`: PPO."),
    kl: z
      .strictObject({
        coef: z.number().positive().describe("Weight of the penalty."),
        place: z
          .enum(["loss", "reward", "advantage", "preference"])
          .default("loss")
          .describe(
            "A term of the loss, of each token's reward, of each token's advantage (on-policy distillation from the reference), or, with the advantage `dpo`, its β.",
          ),
        estimator: z.enum(KL_ESTIMATORS).default("k3").describe("Estimator of the divergence."),
        reference: z
          .string()
          .nullable()
          .default(null)
          .describe(
            "Model, adapter, checkpoint or run of the reference, with the same tokenizer; null = the policy that RL begins with. The base of an adapter is not loaded twice.",
          ),
      })
      .nullable()
      .default(null)
      .describe("Penalty for leaving a frozen reference policy; null = none."),
    dynamicSampling: z
      .strictObject({
        maxRefills: positive.default(5).describe("Most extra batches a step; what is missing then is done without."),
      })
      .nullable()
      .default(null)
      .describe("DAPO's dynamic sampling: groups without differences are replaced by those of further prompts; null = none."),
    curriculum: z
      .strictObject({
        pool: positive.default(4).describe("Problems that are looked at for each one that is taken."),
        memory: fraction.default(0.9).describe("Weight of what is known of a kind of problem when a step adds to it."),
        floor: z
          .number()
          .positive()
          .max(1)
          .default(0.05)
          .describe("Smallest weight of a kind, so that none is given up; 1 = no preference."),
      })
      .nullable()
      .default(null)
      .describe(
        "Prefers problems of kinds (a family at a level) that the policy solves about half of the time, by its success so far; null = problems as they come.",
      ),
    offPolicySteps: z
      .union([z.literal(0), z.literal(1)])
      .default(0)
      .describe("1: the rollouts of a step are sampled with the weights before the last step's update, while that update is made."),
    loss: z
      .enum(POLICY_LOSSES)
      .default("ppo-clip")
      .describe("Loss a token: PPO's clipped surrogate, or another; see `docs/guide/recipe.md`."),
    sapo: z
      .strictObject({
        tauPositive: z.number().positive().default(SAPO_TAUS.tauPositive).describe("τ of tokens with positive advantage."),
        tauNegative: z.number().positive().default(SAPO_TAUS.tauNegative).describe("τ of the others."),
      })
      .prefault({})
      .describe("Temperatures of the gate of `sapo`."),
    vespo: z
      .strictObject({
        positive: vespoKernel(VESPO_KERNELS.positive).describe("Where the advantage is positive."),
        negative: vespoKernel(VESPO_KERNELS.negative).describe("Elsewhere."),
      })
      .prefault({})
      .describe("Kernels of `vespo`."),
    aggregation: z
      .enum(AGGREGATIONS)
      .default("token-mean")
      .describe(
        "Aggregation of token losses into one number: a mean over all tokens, over rollouts of their sum or mean, or sums over a constant.",
      ),
    entropyCoef: z.number().min(0).default(0).describe("Weight of the entropy bonus; 0 = none."),
    clipLow: z
      .number()
      .positive()
      .max(1)
      .default(0.2)
      .describe("The ratio is clipped below 1 − this; of `dppo-…`: the divergence up to which a mistake counts."),
    clipHigh: z
      .number()
      .positive()
      .default(0.28)
      .describe("The ratio is clipped above 1 + this; of `dppo-…`: the divergence up to which a gain counts."),
    dualClip: z.number().gt(1).nullable().default(10).describe("Dual clip of tokens with negative advantage; null = off."),
    updatesPerStep: positive.default(1).describe("Mini-batches a step, each of whole groups and one update."),
    epochs: positive.default(1).describe("How often the step's rollouts are gone through."),
    oldLogProbs: z
      .enum(["sampler", "trainer"])
      .default("sampler")
      .describe("Log-probabilities that the ratio starts from: those of sampling, or the training forward's before the first update."),
    importance: z
      .strictObject({
        level: z.enum(["token", "sequence"]).describe("A weight for each token, or one for each sequence."),
        cap: z.number().positive().default(2).describe("Largest weight."),
        average: z
          .enum(["product", "geometric"])
          .default("product")
          .describe("Of `sequence`: the product of the tokens' ratios, or their geometric mean."),
        outside: z.enum(["cap", "drop"]).default("cap").describe("A ratio above the cap is cut down to it, or weighs 0."),
        floor: z.number().min(0).default(0).describe("Of `drop`: a ratio below this weighs 0 too."),
      })
      .nullable()
      .default(null)
      .describe("Importance weights between sampler and trainer, a token or a sequence; null = none."),
    geometricMask: z
      .strictObject({
        low: z.number().min(0).default(0.99).describe("Smallest geometric mean that is kept."),
        high: z.number().positive().default(1.01).describe("Largest."),
      })
      .nullable()
      .default(null)
      .describe("Drops sequences whose ratios of trainer to sampler have a geometric mean out of bounds; null = none."),
    offPolicyThreshold: z
      .number()
      .positive()
      .nullable()
      .default(null)
      .describe(
        "Drops sequences with negative advantage that have drifted from the sampler by more than this, in nats per token; null = none.",
      ),
    filterVoidTurns: z
      .boolean()
      .default(false)
      .describe("Leave rollouts with a turn that neither calls nor answers out of the update (SimpleTIR)."),
    maskToolTokens: z
      .boolean()
      .default(true)
      .describe("Keep interpreter text out of the loss; false counts its tokens as the policy's, to see what the mask is for."),
    sampling: samplingConfig({ temperature: 1, topP: 1, topK: 0 }).describe("How tokens are drawn in training."),
    evaluateEvery: positive
      .nullable()
      .default(null)
      .describe("Measure the accuracy on held-out problems every so many steps; null = only before and after."),
    saveEvery: positive.default(25).describe("Keep a checkpoint every so many steps."),
    keepCheckpoints: count.default(2).describe("Checkpoints kept besides the newest."),
    trajectoriesEvery: positive.default(10).describe("Keep the rollouts of every so many steps; the last step's are always kept."),
  })
  .superRefine((train, context) => {
    for (const { key, message } of conflicts(train)) context.addIssue({ code: "custom", path: [key], message });
  });
/** Exponents of one of VESPO's kernels. */
function vespoKernel({ power, decay }: { readonly power: number; readonly decay: number }) {
  return z
    .strictObject({
      power: z.number().positive().default(power).describe("c₁ of W^c₁ exp(c₂ (1 − W))."),
      decay: z.number().positive().default(decay).describe("c₂."),
    })
    .prefault({});
}
/** Parsed {@link TrainConfig}: every field is present. */
export interface TrainConfig extends z.infer<typeof TrainConfig> {}
/** {@link TrainConfig} as one writes it: what has a default may be left out. */
export type TrainConfigInput = z.input<typeof TrainConfig>;

/**
 * Fills in the defaults of a config.
 *
 * @param own - an advantage of one's own, which stands in place of the config's
 * @throws InputError naming the settings that are wrong.
 */
export function readTrainConfig(input: TrainConfigInput, own?: OwnAdvantage): TrainConfig {
  const config = readConfig(TrainConfig, input, "train");
  const expected = expectedGroupSize(config, own);
  if (expected === undefined) return config;
  const where = "config.groupSize";
  throw new InputErrors([{ what: "train", where, expected, found: String(config.groupSize), fix: "correct it" }]);
}

/** An advantage of one's own, as far as a config goes. */
export interface OwnAdvantage {
  (...inputs: never[]): unknown;
  readonly needsGroups?: boolean;
}

/**
 * The group size that an advantage needs where the config's is too small; undefined if it will do. An advantage of one's own takes any,
 * unless it says `needsGroups`.
 */
export function expectedGroupSize(train: TrainConfig, own?: OwnAdvantage): string | undefined {
  if (train.groupSize >= 2) return undefined;
  if (own !== undefined) return own.needsGroups === true ? "at least 2 with an advantage that needs groups" : undefined;
  return COMPARES_SAMPLES.has(train.advantage) ? `at least 2 with the advantage ${train.advantage}` : undefined;
}

/** Advantages that compare the samples of one prompt. */
const COMPARES_SAMPLES: ReadonlySet<TrainConfig["advantage"]> = new Set([
  "grpo",
  "dr-grpo",
  "rloo",
  "reinforce++-baseline",
  "gdpo",
  "mt-grpo",
  "otb",
  "dpo",
]);

/** Settings that do not go together: the key to change, and what it should be. */
function conflicts(train: TrainConfig): { readonly key: keyof TrainConfig; readonly message: string }[] {
  const checks: [wrong: boolean, key: keyof TrainConfig, message: string][] = [
    [train.updatesPerStep > train.promptsPerStep, "updatesPerStep", `at most promptsPerStep (${train.promptsPerStep})`],
    [train.groupSize < 2 && train.dynamicSampling !== null, "groupSize", "at least 2 with dynamicSampling"],
    [train.kl?.place === "reward" && train.kl.estimator === "unbiased", "kl", "another estimator than unbiased in the reward"],
    [train.advantage === "dpo" && train.kl?.place !== "preference", "kl", "one with the place preference, for the advantage dpo"],
    [train.kl?.place === "preference" && train.advantage !== "dpo", "kl", "another place than preference unless the advantage is dpo"],
    [train.advantage === "dpo" && train.oldLogProbs !== "trainer", "oldLogProbs", "trainer with the advantage dpo"],
    [train.advantage === "dpo" && train.aggregation !== "seq-mean-token-sum", "aggregation", "seq-mean-token-sum with the advantage dpo"],
    [train.advantage === "dpo" && train.updatesPerStep * train.epochs > 1, "updatesPerStep", "1, and 1 epoch, with the advantage dpo"],
    [train.advantage === "sdpo" && !train.feedback.solutions && !train.feedback.errors, "feedback", "solutions, errors or both with sdpo"],
    [train.kl?.place === "advantage" && train.kl.estimator !== "k1", "kl", "the estimator k1 in the advantage"],
    [train.advantage === "none" && train.kl?.place !== "advantage", "advantage", "another than none unless kl is in the advantage"],
    [train.importance !== null && train.oldLogProbs === "sampler", "importance", "null unless oldLogProbs is trainer"],
    [train.geometricMask !== null && train.oldLogProbs === "sampler", "geometricMask", "null unless oldLogProbs is trainer"],
    [train.importance?.outside === "cap" && train.importance.floor > 0, "importance", "a floor of 0 unless outside is drop"],
    [train.loss === "luspo" && train.aggregation !== "seq-mean-token-sum", "aggregation", "seq-mean-token-sum with the loss luspo"],
    [train.advantage === "gdpo" && train.kl?.place === "reward", "kl", "a penalty in the loss with the advantage gdpo"],
  ];
  return checks.flatMap(([wrong, key, message]) => (wrong ? [{ key, message }] : []));
}
