/**
 * What each metric of `metrics.jsonl` is, by its name; `*` stands for the names of a family. The catalogue of charts has the same names,
 * and the site's page of metrics is made of both.
 */
export const METRIC_MEANINGS: Readonly<Record<string, string>> = {
  "reward/mean": "mean score of all rollouts of the step",
  "reward/std": "standard deviation of those scores",
  "reward/min": "the lowest of them",
  "reward/max": "the highest of them",
  "reward/part/*":
    "mean of what each term of the reward added, after its weight: `outcome`, and those of `reward.parts` (`tool_calls`, `overlong`, `length`, `format`); they sum to `reward/mean`",
  "reward/accuracy": "share of rollouts whose answer is right; sampled at the training temperature, so it reads lower than an evaluation",
  "eval/accuracy": "accuracy on validation problems, at steps that `train.evaluateEvery` names",
  "eval/problems": "number of those problems",
  "eval/accuracy_low":
    "lower end of the 95 % interval of that accuracy: Wilson's with one sample a problem, a bootstrap over problems with several",
  "eval/accuracy_high": "its upper end",
  "eval/level/*/accuracy": "accuracy of each level of difficulty that validation problems name; with 2 to 32 levels",
  "eval/level/*/accuracy_low": "lower end of its 95 % interval",
  "eval/level/*/accuracy_high": "upper end of it",
  "eval/level/*/problems": "number of those problems",
  "eval/family/*/accuracy": "accuracy of each family of problems (of MATH: its subjects); with 2 to 32 families",
  "eval/family/*/accuracy_low": "lower end of its 95 % interval",
  "eval/family/*/accuracy_high": "upper end of it",
  "eval/family/*/problems": "number of those problems",
  "validation/accuracy":
    "right answers on problems of the training side; only at steps of the cold start that validate, and what `stopAtAccuracy` looks at",
  "agent/failed_share": "share of rollouts whose agent failed in any way; with an agent of your own",
  "agent/hung_share": "share of rollouts whose agent took too long",
  "agent/silent_share": "share of rollouts whose agent never called the policy",
  "agent/requests": "requests per rollout",
  "agent/branches": "conversations begun anew or taken again, per rollout",
  "agent/edited_turns": "turns of the policy that came back edited, per rollout",
  "agent/unkept_turns": "recorded turns whose ids the chat template does not let stand, per rollout",
  "agent/overridden_requests": "requests that asked for another sampling than the run's, per rollout",
  "sft/loss": "mean negative log-probability of the tokens to imitate, in nats; prompts and interpreter output are left out",
  "sft/eval_loss": "the same over `sft.evalRows` rows that are never trained on, every `sft.evalEvery` steps of a stage and at its end",
  "sft/target_tokens": "tokens that carry loss in this step",
  "sft/tokens": "all tokens of this step, prompts and interpreter text included; padding is not counted",
  "rollout/code_ratio": "share of rollouts with at least one call (the paper's code ratio)",
  "eval/code_ratio": "the same on validation problems, at steps that `train.evaluateEvery` names",
  "rollout/call_pass_rate": "share of calls that ran without an error",
  "rollout/last_call_pass_rate": "share of rollouts with calls whose last call ran without an error (the paper's code pass rate)",
  "rollout/code_lines": "lines of code that are not blank, per rollout that has code",
  "rollout/turns": "how often the policy was asked to go on, per rollout",
  "rollout/tool_calls": "how often the policy called the tool, per rollout",
  "rollout/response_tokens": "tokens after the prompt, interpreter output included",
  "rollout/response_tokens_right": "the same of rollouts with a right answer",
  "rollout/response_tokens_wrong": "the same of rollouts with a wrong answer",
  "eval/response_tokens": "response length on validation problems, at steps that `train.evaluateEvery` names",
  "rollout/call_timing": "where calls begin, as a share of the response (the paper's invocation timing, over all calls)",
  "rollout/shared_result_share": "share of calls that got the result of an equal call of the same step instead of running",
  "rollout/epoch": "with recorded rollouts: epochs of them that are done",
  "rollout/told_share": "share of rollouts of which `sdpo` had something to tell: failed calls, or a right response of the group",
  "rollout/void_turn_share": "share of rollouts with a turn that neither calls a tool nor answers; `train.filterVoidTurns` leaves them out",
  "call/*": "share of calls that failed in each way: `error`, `fuel`, `oom`, `stack`, `output`, `killed`, `infra`",
  "sandbox/clock_share": "share of calls that the clock ended; their rollouts are not scored",
  "stop/*": "share of rollouts that ended for each reason",
  "group/zero_variance_share": "share of groups whose samples all scored the same; they teach nothing in this step",
  "group/all_right_share": "share of groups whose answers are all right",
  "group/all_wrong_share": "share of groups whose answers are all wrong",
  "group/sampled": "groups rolled out in the step; with `train.dynamicSampling`",
  "group/kept": "groups that are learned from; with `train.dynamicSampling`",
  "curriculum/known_success":
    "what was known of the kinds of the step's problems before it: the share of their rollouts that were right, older ones weighing less, 0.5 for kinds never tried; with `train.curriculum`",
  "policy/loss": "the clipped surrogate, averaged over all policy tokens of the step",
  "policy/clip_frac": "share of trained tokens at which the clip is the larger loss",
  "policy/clip_frac_lower": "share of trained tokens cut by the dual clip",
  "policy/approx_kl": "mean of old minus new log-probability (k1): how far the policy moved while it was updated",
  "policy/entropy":
    "mean entropy of the distributions that trained tokens were drawn from, in nats; of a step in which nothing is learned, over all its policy tokens, as with every measure of the policy",
  "policy/log_prob_difference":
    "mean absolute difference between the log-probabilities of the update's forward pass and those that its ratio starts from (`train.oldLogProbs`): near the rounding of float32 in the first update of a step, and how far the policy has moved in later ones",
  "policy/trained_tokens":
    "policy tokens of rollouts with an advantage other than 0, and of all rollouts with an entropy bonus or a KL penalty in the loss; the others have no gradient. A step that has none at all is measured by a forward pass",
  "policy/updates": "updates of the step, when it has several; the policy's metrics are means over them",
  "policy/reference_kl": "estimated divergence from the frozen reference, a policy token; with `train.kl`",
  "mismatch/log_prob_difference":
    "trainer against sampler before the first update: mean absolute difference of log-probabilities; with `train.oldLogProbs` = trainer",
  "mismatch/log_prob_difference_max": "the largest such difference of the step",
  "mismatch/kl": "the k3 estimate of the divergence of trainer and sampler",
  "importance/weight": "mean importance weight",
  "importance/capped_share": "share of tokens whose weight met the cap or, with `outside: drop`, was left out",
  "importance/masked_share": "share of tokens in sequences that `train.geometricMask` drops",
  "off_policy/masked_share": "share of tokens in sequences that were dropped as too far off policy",
  "value/loss":
    "of the critic: half the clipped squared error; with `train.advantage` = gae. Records of its pretraining have the phase `critic`",
  "value/explained_variance":
    '1 − Var(return − value) / Var(return) over policy tokens, before the step\'s updates: 1 = all foretold, 0 = no better than the mean; `"NaN"` when all returns are equal',
  "value/clip_frac": "share of tokens at which the clip of the critic's prediction is the larger loss",
  "value/grad_norm": "gradient norm of the critic before clipping",
  "value/learning_rate": "learning rate of the critic",
  "optim/grad_norm": "L2 norm of the whole gradient before clipping",
  "optim/learning_rate": "learning rate of this step",
};

/** What each time and size in `timings.jsonl` is. They differ between equal runs. */
export const TIMING_MEANINGS: Readonly<Record<string, string>> = {
  "time/step": "wall time of a step, in seconds",
  "time/rollout": "what of it went into sampling and tool calls; RL only",
  "time/update": "what of it went into the update of the weights; RL only",
  "rollout/tokens_per_second": "tokens after the prompt, of all rollouts, for each second of sampling and tool calls together",
  "memory/rss_mib": "memory of the process after the step, in MiB; its threads count",
};

/** Metrics of each tool, where a run called more than one; the tool's name stands for `*`. */
export const TOOL_MEANINGS: Readonly<Record<string, string>> = {
  "tool/*/calls": "calls of each tool per rollout; where more than one tool was called, unknown names among them",
  "tool/*/pass_rate": "share of each tool's calls that ran without an error",
};

/** Fields of a record that say where it belongs. */
export const RECORD_FIELDS: Readonly<Record<string, string>> = {
  phase: "`sft`, `critic` or `rl`",
  stage: "name of the stage of the cold start",
  step: "steps done so far, all phases and stages together",
  "rl/step": "steps of reinforcement learning done so far",
};
