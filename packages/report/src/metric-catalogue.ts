import { EXPLANATIONS, type ChartTitle } from "./metric-explanations.js";

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

type Row = readonly [title: ChartTitle, unit: ChartSpec["unit"], series: ChartSpec["series"]];

const TABLE: readonly Row[] = [
  ["Reward", "number", { "reward/mean": "mean reward" }],
  ["Parts of the reward", "number", { "reward/part/": "" }],
  [
    "Accuracy",
    "share",
    { "reward/accuracy": "sampled for training", "validation/accuracy": "held-out problems", "eval/accuracy": "held-out problems" },
  ],
  ["Loss", "number", { "sft/loss": "rows of the step", "sft/eval_loss": "held-out rows" }],
  ["Code ratio", "share", { "rollout/code_ratio": "sampled for training", "eval/code_ratio": "held-out problems" }],
  ["Code pass rate", "share", { "rollout/call_pass_rate": "all calls", "rollout/last_call_pass_rate": "last call of a rollout" }],
  ["Response length", "number", { "rollout/response_tokens": "sampled for training", "eval/response_tokens": "held-out problems" }],
  ["Turns and calls", "number", { "rollout/turns": "turns", "rollout/tool_calls": "calls" }],
  ["Invocation timing", "share", { "rollout/call_timing": "start of a call" }],
  ["Code lines", "number", { "rollout/code_lines": "lines" }],
  ["Stop reasons", "share", { "stop/": "" }],
  ["Entropy", "number", { "policy/entropy": "nats a token" }],
  ["Policy loss", "number", { "policy/loss": "loss" }],
  ["Gradient norm", "number", { "optim/grad_norm": "before clipping" }],
  ["Clipped tokens", "share", { "policy/clip_frac": "clipped", "policy/clip_frac_lower": "clipped by the second bound" }],
  ["Approximate KL", "number", { "policy/approx_kl": "nats a token" }],
  ["Sampler and trainer", "number", { "policy/log_prob_difference": "mean |Δ log π|" }],
  [
    "Mismatch before the update",
    "number",
    {
      "mismatch/log_prob_difference": "mean |Δ log π|",
      "mismatch/log_prob_difference_max": "largest |Δ log π|",
      "mismatch/kl": "divergence (k3)",
    },
  ],
  ["Importance weights", "number", { "importance/weight": "mean weight" }],
  ["Off-policy corrections", "share", { "importance/capped_share": "tokens at the cap", "off_policy/masked_share": "tokens dropped" }],
  ["Distance from the reference", "number", { "policy/reference_kl": "nats a token" }],
  ["Dynamic sampling", "number", { "group/sampled": "groups sampled", "group/kept": "groups kept" }],
  ["Value loss", "number", { "value/loss": "loss" }],
  ["Explained variance", "number", { "value/explained_variance": "critic" }],
  ["Clipped values", "share", { "value/clip_frac": "tokens" }],
  ["Gradient norm of the critic", "number", { "value/grad_norm": "before clipping" }],
  ["Learning rate of the critic", "number", { "value/learning_rate": "learning rate" }],
  ["Updates", "number", { "policy/updates": "updates a step" }],
  ["Groups without a signal", "share", { "group/zero_variance_share": "groups" }],
  ["Learning rate", "number", { "optim/learning_rate": "learning rate" }],
  [
    "Tokens in the loss",
    "number",
    { "policy/trained_tokens": "with a gradient", "sft/target_tokens": "to imitate", "sft/tokens": "all, prompts included" },
  ],
];

/** Charts of what follows a schedule. */
const EXACT: ReadonlySet<ChartTitle> = new Set(["Learning rate of the critic", "Updates", "Learning rate"]);

/** In the order in which they are shown. */
export const CHARTS: readonly ChartSpec[] = TABLE.map(([title, unit, series]) => ({
  title,
  series,
  unit,
  ...(EXACT.has(title) && { isExact: true }),
  explanation: EXPLANATIONS[title],
}));
