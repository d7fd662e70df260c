/** One chart: the metrics in it, and their meaning. */
export interface ChartSpec {
  readonly title: string;
  /** Metric names and what each line is called; a name that ends in `/` stands for all metrics under it. */
  readonly series: Readonly<Record<string, string>>;
  /** What the vertical axis counts, with its unit. */
  readonly axis: string;
  /** `share` is drawn between 0 and 100 %. */
  readonly unit: "share" | "number";
  /** True for what follows a schedule and so has no noise to smooth away. */
  readonly isExact?: true;
  readonly explanation: string;
}

/**
 * The metrics of runs, in the order in which the report shows them. The guide's page of metrics is checked against this table; metrics
 * of a run that are not in it are drawn under their own names.
 */
export const CHARTS: readonly ChartSpec[] = [
  {
    title: "Reward",
    axis: "score of a rollout",
    unit: "number",
    series: { "reward/mean": "mean reward" },
    explanation:
      "Mean score of the sampled rollouts, which RL pushes up: +1 for a right answer and −1 for a wrong one, unless the config says otherwise.",
  },
  {
    title: "Spread of the reward",
    axis: "score of a rollout",
    unit: "number",
    series: { "reward/std": "standard deviation", "reward/min": "lowest", "reward/max": "highest" },
    explanation: "Standard deviation of the scores of a step, and its lowest and highest. Without a spread there is nothing to learn from.",
  },
  {
    title: "Parts of the reward",
    axis: "score of a rollout",
    unit: "number",
    series: { "reward/part/": "" },
    explanation: "What each term of the reward added on average, after its weight. They sum to the mean reward.",
  },
  {
    title: "Accuracy",
    axis: "right answers, % of rollouts",
    unit: "share",
    series: { "reward/accuracy": "sampled for training", "eval/accuracy": "held-out problems" },
    explanation:
      "Share of right answers among the rollouts of each step. Training samples may be drawn more freely than those of evaluations, and then read lower.",
  },
  {
    title: "Accuracy during the cold start",
    axis: "right answers, % of problems",
    unit: "share",
    series: { "validation/accuracy": "validation problems" },
    explanation:
      "Share of right answers to problems of the training side, tool calls included, with the weights of that step. The cold start may end at a value of it.",
  },
  {
    title: "Failed agents",
    axis: "failed, % of rollouts",
    unit: "share",
    series: { "agent/failed_share": "failed", "agent/hung_share": "took too long", "agent/silent_share": "never called the policy" },
    explanation: "Share of rollouts whose agent threw, took too long, gave no score or never called the policy. They are not learned from.",
  },
  {
    title: "Requests of agents",
    axis: "per rollout",
    unit: "number",
    series: { "agent/requests": "requests", "agent/branches": "branches" },
    explanation: "Requests of a rollout, and how often its agent began a conversation anew or took a turn again.",
  },
  {
    title: "What agents changed",
    axis: "per rollout",
    unit: "number",
    series: {
      "agent/edited_turns": "turns edited",
      "agent/unkept_turns": "turns not kept",
      "agent/overridden_requests": "sampling overridden",
    },
    explanation:
      "Turns of the policy that came back edited, recorded ones whose ids the chat template does not let stand, and requests for another sampling than the run's; per rollout.",
  },
  {
    title: "Loss",
    axis: "nats per token",
    unit: "number",
    series: { "sft/loss": "rows of the step", "sft/eval_loss": "held-out rows" },
    explanation: "Mean negative log-probability of the tokens to imitate, in nats. Falling means that the traces become likely.",
  },
  {
    title: "Code ratio",
    axis: "with code, % of rollouts",
    unit: "share",
    series: { "rollout/code_ratio": "sampled for training", "eval/code_ratio": "held-out problems" },
    explanation: "Share of rollouts that call the interpreter at least once. Rising means that the policy relies on its tool.",
  },
  {
    title: "Code pass rate",
    axis: "ran without an error, % of calls",
    unit: "share",
    series: { "rollout/call_pass_rate": "all calls", "rollout/last_call_pass_rate": "last call of a rollout" },
    explanation: "Share of calls that ran without an error. It says nothing about whether the result was the right one.",
  },
  {
    title: "Calls that failed",
    axis: "% of calls",
    unit: "share",
    series: { "call/": "" },
    explanation: "Share of calls by the way in which they failed: an error of the code, a limit, or the machinery.",
  },
  {
    title: "Calls that ran no code",
    axis: "% of calls",
    unit: "share",
    series: { "rollout/shared_result_share": "shared results", "sandbox/clock_share": "ended by the clock" },
    explanation:
      "Share of calls that got the result of an equal call of the same step, and of those that the clock ended, which are not scored: a rise of these means an overloaded machine.",
  },
  {
    title: "Response length",
    axis: "tokens per rollout",
    unit: "number",
    series: {
      "rollout/response_tokens": "sampled for training",
      "rollout/response_tokens_right": "right ones",
      "rollout/response_tokens_wrong": "wrong ones",
      "eval/response_tokens": "held-out problems",
    },
    explanation: "Mean tokens after the prompt, interpreter output included.",
  },
  {
    title: "Turns and calls",
    axis: "number per rollout",
    unit: "number",
    series: { "rollout/turns": "turns", "rollout/tool_calls": "calls" },
    explanation: "How often the policy was asked to go on, and how often it called the interpreter, per rollout.",
  },
  {
    title: "Void turns",
    axis: "% of rollouts",
    unit: "share",
    series: { "rollout/void_turn_share": "rollouts" },
    explanation: "Share of rollouts with a turn that neither calls a tool nor answers.",
  },
  {
    title: "Invocation timing",
    axis: "% of the response",
    unit: "share",
    series: { "rollout/call_timing": "start of a call" },
    explanation: "Where calls begin, as a share of the response. Falling means that the policy reaches for code earlier.",
  },
  {
    title: "Code lines",
    axis: "lines per rollout with code",
    unit: "number",
    series: { "rollout/code_lines": "lines" },
    explanation: "Mean lines of code per rollout that has code.",
  },
  {
    title: "Stop reasons",
    axis: "% of rollouts",
    unit: "share",
    series: { "stop/": "" },
    explanation: "Why rollouts ended: with an answer, without one (eos), because a limit was met, or because a call could not be read.",
  },
  {
    title: "Entropy",
    axis: "nats per token",
    unit: "number",
    series: { "policy/entropy": "nats per token" },
    explanation:
      "How undecided the policy is about its next token. A slow fall is learning; a fall to zero early on means it stopped exploring.",
  },
  {
    title: "Policy loss",
    axis: "loss, no unit",
    unit: "number",
    series: { "policy/loss": "loss" },
    explanation: "The clipped surrogate objective, negated. It hovers around zero and is no measure of progress.",
  },
  {
    title: "Gradient norm",
    axis: "L2 norm",
    unit: "number",
    series: { "optim/grad_norm": "before clipping" },
    explanation: "Length of the gradient over all weights. Spikes or steady growth announce instability.",
  },
  {
    title: "Clipped tokens",
    axis: "% of tokens",
    unit: "share",
    series: { "policy/clip_frac": "clipped", "policy/clip_frac_lower": "clipped by the second bound" },
    explanation: "Share of tokens whose probability ratio left the trust region. Zero when each batch is used for a single update.",
  },
  {
    title: "Approximate KL",
    axis: "nats per token",
    unit: "number",
    series: { "policy/approx_kl": "nats per token" },
    explanation: "Distance between the policy that sampled and the one being trained.",
  },
  {
    title: "Sampler and trainer",
    axis: "nats per token",
    unit: "number",
    series: { "policy/log_prob_difference": "mean |Δ log π|" },
    explanation: "Difference of the log-probabilities that sampler and trainer compute for the same tokens. It should stay near zero.",
  },
  {
    title: "Mismatch before the update",
    axis: "nats per token",
    unit: "number",
    series: {
      "mismatch/log_prob_difference": "mean |Δ log π|",
      "mismatch/log_prob_difference_max": "largest |Δ log π|",
      "mismatch/kl": "divergence (k3)",
    },
    explanation: "Sampler against trainer with the weights that sampled. Large values mean that the two compute different things.",
  },
  {
    title: "Importance weights",
    axis: "ratio, no unit",
    unit: "number",
    series: { "importance/weight": "mean weight" },
    explanation: "Truncated ratio of trainer to sampler that the loss is multiplied by. One where both agree.",
  },
  {
    title: "Off-policy corrections",
    axis: "% of tokens",
    unit: "share",
    series: {
      "importance/capped_share": "tokens at the cap",
      "importance/masked_share": "tokens out of bounds",
      "off_policy/masked_share": "tokens dropped",
    },
    explanation:
      "Share of tokens whose importance weight met its cap or was left out, or whose sequence was dropped as too far from the sampling policy.",
  },
  {
    title: "Distance from the reference",
    axis: "nats per token",
    unit: "number",
    series: { "policy/reference_kl": "nats per token" },
    explanation: "Estimated divergence of the policy from the frozen reference that the KL penalty holds it to.",
  },
  {
    title: "Dynamic sampling",
    axis: "groups per step",
    unit: "number",
    series: { "group/sampled": "groups sampled", "group/kept": "groups kept" },
    explanation: "Groups rolled out in a step, and those whose rewards differ. A growing gap is work that teaches nothing.",
  },
  {
    title: "Value loss",
    axis: "squared return / 2",
    unit: "number",
    series: { "value/loss": "loss" },
    explanation: "Half the clipped squared error of the critic. It falls as far as the outcome can be foretold.",
  },
  {
    title: "Explained variance",
    axis: "1 = all of it",
    unit: "number",
    series: { "value/explained_variance": "critic" },
    explanation: "How much of the difference between returns the critic foretells: one is all, zero no more than their mean.",
  },
  {
    title: "Clipped values",
    axis: "% of tokens",
    unit: "share",
    series: { "value/clip_frac": "tokens" },
    explanation: "Share of tokens at which the clipped prediction of the critic gives the larger loss.",
  },
  {
    title: "Gradient norm of the critic",
    axis: "L2 norm",
    unit: "number",
    series: { "value/grad_norm": "before clipping" },
    explanation: "Length of the gradient over all weights of the critic.",
  },
  {
    title: "Learning rate of the critic",
    axis: "change per unit of update",
    unit: "number",
    series: { "value/learning_rate": "learning rate" },
    isExact: true,
    explanation: "Step size of the critic's optimizer, after warm-up and decay.",
  },
  {
    title: "Updates",
    axis: "updates per step",
    unit: "number",
    series: { "policy/updates": "updates per step" },
    isExact: true,
    explanation: "How many mini-batches of the step changed the policy.",
  },
  {
    title: "Groups without a signal",
    axis: "% of groups",
    unit: "share",
    series: { "group/zero_variance_share": "no signal", "group/all_right_share": "all right", "group/all_wrong_share": "all wrong" },
    explanation:
      "Share of groups in which all rollouts earned the same reward. They teach nothing; a rise means that the problems have become too easy or too hard.",
  },
  {
    title: "Learning rate",
    axis: "change per unit of update",
    unit: "number",
    series: { "optim/learning_rate": "learning rate" },
    isExact: true,
    explanation: "Step size of the optimizer, after warm-up and decay.",
  },
  {
    title: "Tokens in the loss",
    axis: "tokens per step",
    unit: "number",
    series: { "policy/trained_tokens": "with a gradient" },
    explanation:
      "Tokens of the policy in rollouts whose advantage is not 0, and in all rollouts with an entropy bonus or a KL penalty. Prompts and interpreter output never count.",
  },
  {
    title: "Tokens of a batch",
    axis: "tokens per step",
    unit: "number",
    series: { "sft/target_tokens": "to imitate", "sft/tokens": "all, prompts included" },
    explanation:
      "Tokens of one step that the model is taught to write, and all that were read. Prompts and interpreter output are only read.",
  },
];

/** Times and memory of steps, which differ between equal runs and so are in no report. */
export const TIMING_CHARTS: readonly ChartSpec[] = [
  {
    title: "Time of a step",
    axis: "seconds",
    unit: "number",
    series: { "time/step": "whole step", "time/rollout": "rollouts", "time/update": "update" },
    explanation: "Wall time of a step, and what of it went into sampling with tools and into the update of the weights.",
  },
  {
    title: "Tokens per second",
    axis: "tokens per second",
    unit: "number",
    series: { "rollout/tokens_per_second": "while rolling out" },
    explanation:
      "Tokens after the prompt, interpreter output included, of all rollouts of a step, by the time that sampling and tool calls took.",
  },
  {
    title: "Memory",
    axis: "MiB",
    unit: "number",
    series: { "memory/rss_mib": "process" },
    explanation: "Memory that the process holds at the end of a step, with that of its threads.",
  },
];
