import type { ChartSpec } from "./chart-spec.js";

/** What updates do to policy and critic. */
export const UPDATE_CHARTS: readonly ChartSpec[] = [
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
    title: "Curriculum",
    axis: "known success",
    unit: "share",
    series: { "curriculum/known_success": "known success of the step's kinds" },
    explanation:
      "Success so far of the kinds of problems that a step takes. A curriculum pulls it towards one half, as far as there are such kinds.",
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
