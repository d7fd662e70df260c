import type { ChartSpec } from "./chart-spec.js";

/** What rollouts are like: scores, lengths, calls, how they end. */
export const ROLLOUT_CHARTS: readonly ChartSpec[] = [
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
    undrawn: ["eval/accuracy_low", "eval/accuracy_high", "eval/problems"],
    explanation:
      "Share of right answers among the rollouts of each step. Training samples may be drawn more freely than those of evaluations, and then read lower.",
  },
  {
    title: "Held-out accuracy by level",
    axis: "right answers, % of rollouts",
    unit: "share",
    series: { "eval/level/*/accuracy": "" },
    undrawn: ["eval/level/*/accuracy_low", "eval/level/*/accuracy_high", "eval/level/*/problems"],
    explanation:
      "Accuracy on the held-out problems of each level. Levels have fewer problems than the whole, so their lines move more by chance.",
  },
  {
    title: "Held-out accuracy by family",
    axis: "right answers, % of rollouts",
    unit: "share",
    series: { "eval/family/*/accuracy": "" },
    undrawn: ["eval/family/*/accuracy_low", "eval/family/*/accuracy_high", "eval/family/*/problems"],
    explanation: "Accuracy on the held-out problems of each family. A family with 20 problems moves by 5 % for every one of them.",
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
    title: "Epochs of recorded rollouts",
    axis: "epochs",
    unit: "number",
    series: { "rollout/epoch": "done" },
    explanation: "How often the recorded rollouts have been gone through, where a run learns from such.",
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
    title: "Attempts with feedback",
    axis: "% of rollouts",
    unit: "share",
    series: { "rollout/told_share": "rollouts" },
    explanation: "With `sdpo`: share of rollouts of which there was something to tell, failed calls or a right response of the group.",
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
];
