import { z } from "zod";
import { count, LearningRate, positive, Sampling } from "./config-parts.js";

/** Reinforcement learning: how much, with which algorithm, and what is kept. */
export const TrainConfig = z
  .strictObject({
    steps: positive,
    promptsPerStep: positive,
    /** Rollouts a prompt. */
    groupSize: positive,
    learningRate: LearningRate,
    /** How scores become advantages; see `docs/guide/recipe.md`. */
    advantage: z.enum(["grpo", "dr-grpo", "rloo", "reinforce++", "reinforce++-baseline", "remax"]).default("grpo"),
    /** Discount γ a policy token, of `reinforce++`. */
    gamma: z.number().min(0).max(1).default(1),
    /** Loss a token: PPO's clipped surrogate, one ratio a sequence (GSPO), or a clipped detached weight (CISPO). */
    loss: z.enum(["ppo-clip", "gspo", "cispo"]).default("ppo-clip"),
    /** How losses of tokens become one number: a mean over all tokens, over rollouts of their sum or mean, or sums over a constant. */
    aggregation: z.enum(["token-mean", "seq-mean-token-sum", "seq-mean-token-mean", "seq-mean-token-sum-norm"]).default("token-mean"),
    /** Weight of the entropy bonus; 0 = none. */
    entropyCoef: z.number().min(0).default(0),
    clipLow: z.number().positive().max(1).default(0.2),
    clipHigh: z.number().positive().default(0.28),
    /** Dual clip of tokens with negative advantage; null = off. */
    dualClip: z.number().gt(1).nullable().default(10),
    /** Mini-batches a step, each of whole groups and one update; and how often the step's rollouts are gone through. */
    updatesPerStep: positive.default(1),
    epochs: positive.default(1),
    /** Whose log-probabilities the ratio starts from: those of sampling, or the training forward's before the first update. */
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
    /** Drops sequences with negative advantage that have drifted from the sampler by more than this, in nats a token; null = none. */
    offPolicyThreshold: z.number().positive().nullable().default(null),
    /** Leave rollouts with a turn that neither calls nor answers out of the update (SimpleTIR). */
    filterVoidTurns: z.boolean().default(false),
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

/** Advantages that compare the samples of one prompt. */
const COMPARES_SAMPLES: ReadonlySet<TrainConfig["advantage"]> = new Set(["grpo", "dr-grpo", "rloo", "reinforce++-baseline"]);

/** Settings that do not go together: the key to change, and what it should be. */
function conflicts(train: TrainConfig): { readonly key: keyof TrainConfig; readonly message: string }[] {
  const checks: [wrong: boolean, key: keyof TrainConfig, message: string][] = [
    [train.groupSize < 2 && COMPARES_SAMPLES.has(train.advantage), "groupSize", `at least 2 with the advantage ${train.advantage}`],
    [train.updatesPerStep > train.promptsPerStep, "updatesPerStep", `at most promptsPerStep (${train.promptsPerStep})`],
    [train.importance !== null && train.oldLogProbs === "sampler", "importance", "null unless oldLogProbs is trainer"],
  ];
  return checks.flatMap(([wrong, key, message]) => (wrong ? [{ key, message }] : []));
}
