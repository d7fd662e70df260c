/** One chart: the metrics in it, and what they tell. */
export interface ChartSpec {
  readonly title: string;
  /** Metric names and what each line is called; a name that ends in `/` stands for all metrics under it. */
  readonly series: Readonly<Record<string, string>>;
  /** `share` is drawn between 0 and 100 %. */
  readonly unit: "share" | "number";
  /** True for what follows a schedule and so has no noise to smooth away. */
  readonly isExact?: true;
  readonly explanation: string;
}

/** In the order in which they are shown. */
export const CHARTS: readonly ChartSpec[] = [
  {
    title: "Reward",
    series: { "reward/mean": "mean reward" },
    unit: "number",
    explanation:
      "Mean score of the sampled rollouts, which RL pushes up: +1 for a right answer and −1 for a wrong one, unless the config says otherwise.",
  },
  {
    title: "Parts of the reward",
    series: { "reward/part/": "" },
    unit: "number",
    explanation: "What each term of the reward added on average, after its weight. They sum to the mean reward.",
  },
  {
    title: "Accuracy",
    series: { "reward/accuracy": "sampled for training", "validation/accuracy": "held-out problems", "eval/accuracy": "held-out problems" },
    unit: "share",
    explanation:
      "Share of right answers among the rollouts of each step. Training samples may be drawn more freely than those of evaluations, and then read lower.",
  },
  {
    title: "Loss",
    series: { "sft/loss": "rows of the step", "sft/eval_loss": "held-out rows" },
    unit: "number",
    explanation: "Mean negative log-probability of the tokens to imitate, in nats. Falling means that the traces become likely.",
  },
  {
    title: "Code ratio",
    series: { "rollout/code_ratio": "sampled for training", "eval/code_ratio": "held-out problems" },
    unit: "share",
    explanation: "Share of rollouts that call the interpreter at least once. Rising means that the policy relies on its tool.",
  },
  {
    title: "Code pass rate",
    series: { "rollout/call_pass_rate": "all calls", "rollout/last_call_pass_rate": "last call of a rollout" },
    unit: "share",
    explanation: "Share of calls that ran without an error. It says nothing about whether the result was the right one.",
  },
  {
    title: "Response length",
    series: { "rollout/response_tokens": "sampled for training", "eval/response_tokens": "held-out problems" },
    unit: "number",
    explanation: "Mean tokens after the prompt, interpreter output included.",
  },
  {
    title: "Turns and calls",
    series: { "rollout/turns": "turns", "rollout/tool_calls": "calls" },
    unit: "number",
    explanation: "How often the policy was asked to go on, and how often it called the interpreter, per rollout.",
  },
  {
    title: "Invocation timing",
    series: { "rollout/call_timing": "start of a call" },
    unit: "share",
    explanation: "Where calls begin, as a share of the response. Falling means that the policy reaches for code earlier.",
  },
  {
    title: "Code lines",
    series: { "rollout/code_lines": "lines" },
    unit: "number",
    explanation: "Mean lines of code in a rollout that has code.",
  },
  {
    title: "Stop reasons",
    series: { "stop/": "" },
    unit: "share",
    explanation: "Why rollouts ended: with an answer, without one (eos), because a limit was met, or because a call could not be read.",
  },
  {
    title: "Entropy",
    series: { "policy/entropy": "nats a token" },
    unit: "number",
    explanation:
      "How undecided the policy is about its next token. A slow fall is learning; a fall to zero early on means it stopped exploring.",
  },
  {
    title: "Policy loss",
    series: { "policy/loss": "loss" },
    unit: "number",
    explanation: "The clipped surrogate objective, negated. It hovers around zero and is no measure of progress.",
  },
  {
    title: "Gradient norm",
    series: { "optim/grad_norm": "before clipping" },
    unit: "number",
    explanation: "Length of the gradient over all weights. Spikes or steady growth announce instability.",
  },
  {
    title: "Clipped tokens",
    series: { "policy/clip_frac": "clipped", "policy/clip_frac_lower": "clipped by the second bound" },
    unit: "share",
    explanation: "Share of tokens whose probability ratio left the trust region. Zero when each batch is used for a single update.",
  },
  {
    title: "Approximate KL",
    series: { "policy/approx_kl": "nats a token" },
    unit: "number",
    explanation: "Distance between the policy that sampled and the one being trained.",
  },
  {
    title: "Sampler and trainer",
    series: { "policy/log_prob_difference": "mean |Δ log π|" },
    unit: "number",
    explanation: "Difference of the log-probabilities that sampler and trainer compute for the same tokens. It should stay near zero.",
  },
  {
    title: "Mismatch before the update",
    series: {
      "mismatch/log_prob_difference": "mean |Δ log π|",
      "mismatch/log_prob_difference_max": "largest |Δ log π|",
      "mismatch/kl": "divergence (k3)",
    },
    unit: "number",
    explanation: "Sampler against trainer with the weights that sampled. Large values mean that the two compute different things.",
  },
  {
    title: "Importance weights",
    series: { "importance/weight": "mean weight" },
    unit: "number",
    explanation: "Truncated ratio of trainer to sampler that the loss is multiplied by. One where both agree.",
  },
  {
    title: "Off-policy corrections",
    series: { "importance/capped_share": "tokens at the cap", "off_policy/masked_share": "tokens dropped" },
    unit: "share",
    explanation: "Share of tokens whose importance weight met its cap, or whose sequence was dropped as too far from the sampling policy.",
  },
  {
    title: "Distance from the reference",
    series: { "policy/reference_kl": "nats a token" },
    unit: "number",
    explanation: "Estimated divergence of the policy from the frozen reference that the KL penalty holds it to.",
  },
  {
    title: "Dynamic sampling",
    series: { "group/sampled": "groups sampled", "group/kept": "groups kept" },
    unit: "number",
    explanation: "Groups rolled out in a step, and those whose rewards differ. A growing gap is work that teaches nothing.",
  },
  {
    title: "Value loss",
    series: { "value/loss": "loss" },
    unit: "number",
    explanation: "Half the clipped squared error of the critic. It falls as far as the outcome can be foretold.",
  },
  {
    title: "Explained variance",
    series: { "value/explained_variance": "critic" },
    unit: "number",
    explanation: "How much of the difference between returns the critic foretells: one is all, zero no more than their mean.",
  },
  {
    title: "Clipped values",
    series: { "value/clip_frac": "tokens" },
    unit: "share",
    explanation: "Share of tokens at which the clipped prediction of the critic gives the larger loss.",
  },
  {
    title: "Gradient norm of the critic",
    series: { "value/grad_norm": "before clipping" },
    unit: "number",
    explanation: "Length of the gradient over all weights of the critic.",
  },
  {
    title: "Learning rate of the critic",
    series: { "value/learning_rate": "learning rate" },
    unit: "number",
    isExact: true,
    explanation: "Step size of the critic's optimizer, after warm-up and decay.",
  },
  {
    title: "Updates",
    series: { "policy/updates": "updates a step" },
    unit: "number",
    isExact: true,
    explanation: "How many mini-batches of the step changed the policy.",
  },
  {
    title: "Groups without a signal",
    series: { "group/zero_variance_share": "groups" },
    unit: "share",
    explanation:
      "Share of groups in which all rollouts earned the same reward. They teach nothing; a rise means that the problems have become too easy or too hard.",
  },
  {
    title: "Learning rate",
    series: { "optim/learning_rate": "learning rate" },
    unit: "number",
    isExact: true,
    explanation: "Step size of the optimizer, after warm-up and decay.",
  },
  {
    title: "Tokens in the loss",
    series: { "policy/trained_tokens": "with a gradient", "sft/target_tokens": "to imitate", "sft/tokens": "all, prompts included" },
    unit: "number",
    explanation: "Tokens of one optimizer step that enter the loss, which prompts and interpreter output never do, and all that were read.",
  },
];
