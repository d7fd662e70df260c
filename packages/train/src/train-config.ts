import { AGGREGATIONS, KL_ESTIMATORS, POLICY_LOSSES } from "@retool-ts/engine";
import { z } from "zod";
import { readConfig, count, batchCount, LearningRate, positive, Sampling, fraction } from "./config-parts.js";

/** Reinforcement learning: how much, with which algorithm, and what is kept. */
export const TrainConfig = z
  .strictObject({
    steps: positive,
    promptsPerStep: batchCount,
    /** Rollouts per prompt. */
    groupSize: batchCount,
    learningRate: LearningRate,
    /** Advantage estimator; see `docs/guide/recipe.md`. */
    advantage: z.enum(["grpo", "dr-grpo", "rloo", "reinforce++", "reinforce++-baseline", "remax", "gae"]).default("grpo"),
    /** Discount γ a policy token, of `reinforce++` and `gae`; and λ of `gae`. */
    gamma: fraction.default(1),
    gaeLambda: fraction.default(1),
    /** The critic of `gae`: PPO. */
    critic: z
      .strictObject({
        learningRate: LearningRate.prefault({ peak: 1e-3 }),
        /** First steps in which only the critic learns. */
        warmupSteps: count.default(0),
        /** Steps before the first one in which only the critic learns, from whole returns (λ = 1) of the policy that RL begins with. */
        pretrainSteps: count.default(0),
        /** Largest change of a value from its old one before its loss stops falling. */
        clipValue: z.number().positive().default(0.5),
      })
      .prefault({}),
    /** Penalty for leaving a frozen reference policy; null = none. */
    kl: z
      .strictObject({
        coef: z.number().positive(),
        /** A term of the loss, or of each token's reward. */
        place: z.enum(["loss", "reward"]).default("loss"),
        estimator: z.enum(KL_ESTIMATORS).default("k3"),
        /** Model folder of the reference; null = the policy that RL begins with. The base of an adapter is not loaded twice. */
        reference: z.string().nullable().default(null),
      })
      .nullable()
      .default(null),
    /** DAPO's dynamic sampling: groups without differences are replaced by those of further prompts; null = none. */
    dynamicSampling: z
      .strictObject({
        /** Most extra batches a step; what is missing then is done without. */
        maxRefills: positive.default(5),
      })
      .nullable()
      .default(null),
    /** 1: the rollouts of a step are sampled with the weights before the last step's update, while that update is made. */
    offPolicySteps: z.union([z.literal(0), z.literal(1)]).default(0),
    /** Loss a token: PPO's clipped surrogate, one ratio a sequence (GSPO), or a clipped detached weight (CISPO). */
    loss: z.enum(POLICY_LOSSES).default("ppo-clip"),
    /** Aggregation of token losses into one number: a mean over all tokens, over rollouts of their sum or mean, or sums over a constant. */
    aggregation: z.enum(AGGREGATIONS).default("token-mean"),
    /** Weight of the entropy bonus; 0 = none. */
    entropyCoef: z.number().min(0).default(0),
    clipLow: z.number().positive().max(1).default(0.2),
    clipHigh: z.number().positive().default(0.28),
    /** Dual clip of tokens with negative advantage; null = off. */
    dualClip: z.number().gt(1).nullable().default(10),
    /** Mini-batches a step, each of whole groups and one update; and how often the step's rollouts are gone through. */
    updatesPerStep: positive.default(1),
    epochs: positive.default(1),
    /** Log-probabilities that the ratio starts from: those of sampling, or the training forward's before the first update. */
    oldLogProbs: z.enum(["sampler", "trainer"]).default("sampler"),
    /** Truncated importance weights between sampler and trainer, a token or a sequence; null = none. */
    importance: z
      .strictObject({
        level: z.enum(["token", "sequence"]),
        /** Largest weight. */
        cap: z.number().positive().default(2),
        /** Of `sequence`: the product of the tokens' ratios, or their geometric mean. */
        average: z.enum(["product", "geometric"]).default("product"),
      })
      .nullable()
      .default(null),
    /** Drops sequences with negative advantage that have drifted from the sampler by more than this, in nats per token; null = none. */
    offPolicyThreshold: z.number().positive().nullable().default(null),
    /** Leave rollouts with a turn that neither calls nor answers out of the update (SimpleTIR). */
    filterVoidTurns: z.boolean().default(false),
    /** Keep interpreter text out of the loss; false counts its tokens as the policy's, to see what the mask is for. */
    maskToolTokens: z.boolean().default(true),
    sampling: z.strictObject(Sampling).prefault({ temperature: 1, topP: 1, topK: 0 }),
    /** Measure the accuracy on held-out problems every so many steps; null = only before and after. */
    evaluateEvery: positive.nullable().default(null),
    /** Keep a checkpoint every so many steps. */
    saveEvery: positive.default(25),
    /** Checkpoints kept besides the newest. */
    keepCheckpoints: count.default(2),
    /** Keep the rollouts of every so many steps; the last step's are always kept. */
    trajectoriesEvery: positive.default(10),
  })
  .superRefine((train, context) => {
    for (const { key, message } of conflicts(train)) context.addIssue({ code: "custom", path: [key], message });
  });
/** Parsed {@link TrainConfig}: every field is present. */
export interface TrainConfig extends z.infer<typeof TrainConfig> {}
/** {@link TrainConfig} as one writes it: what has a default may be left out. */
export type TrainConfigInput = z.input<typeof TrainConfig>;

/**
 * Fills in the defaults of a config.
 *
 * @throws InputError naming the first setting that is wrong.
 */
export function readTrainConfig(input: TrainConfigInput): TrainConfig {
  return readConfig(TrainConfig, input, "train");
}

/** Advantages that compare the samples of one prompt. */
const COMPARES_SAMPLES: ReadonlySet<TrainConfig["advantage"]> = new Set(["grpo", "dr-grpo", "rloo", "reinforce++-baseline"]);

/** Settings that do not go together: the key to change, and what it should be. */
function conflicts(train: TrainConfig): { readonly key: keyof TrainConfig; readonly message: string }[] {
  const checks: [wrong: boolean, key: keyof TrainConfig, message: string][] = [
    [train.groupSize < 2 && COMPARES_SAMPLES.has(train.advantage), "groupSize", `at least 2 with the advantage ${train.advantage}`],
    [train.updatesPerStep > train.promptsPerStep, "updatesPerStep", `at most promptsPerStep (${train.promptsPerStep})`],
    [train.groupSize < 2 && train.dynamicSampling !== null, "groupSize", "at least 2 with dynamicSampling"],
    [train.kl?.place === "reward" && train.kl.estimator === "unbiased", "kl", "another estimator than unbiased in the reward"],
    [train.importance !== null && train.oldLogProbs === "sampler", "importance", "null unless oldLogProbs is trainer"],
  ];
  return checks.flatMap(([wrong, key, message]) => (wrong ? [{ key, message }] : []));
}
