/** What each chart of the report tells, by its title. */
export const EXPLANATIONS = {
  Reward:
    "Mean score of the sampled rollouts, which RL pushes up: +1 for a right answer and −1 for a wrong one, unless the config says otherwise.",
  "Parts of the reward": "What each term of the reward added on average, after its weight. They sum to the mean reward.",
  Accuracy:
    "Share of right answers among the rollouts of each step. Training samples may be drawn more freely than those of evaluations, and then read lower.",
  Loss: "Mean negative log-probability of the tokens to imitate, in nats. Falling means that the traces become likely.",
  "Code ratio": "Share of rollouts that call the interpreter at least once. Rising means that the policy relies on its tool.",
  "Code pass rate": "Share of calls that ran without an error. It says nothing about whether the result was the right one.",
  "Response length": "Mean tokens after the prompt, interpreter output included.",
  "Turns and calls": "How often the policy was asked to go on, and how often it called the interpreter, per rollout.",
  "Invocation timing": "Where calls begin, as a share of the response. Falling means that the policy reaches for code earlier.",
  "Code lines": "Mean lines of code in a rollout that has code.",
  "Stop reasons": "Why rollouts ended: with an answer, without one (eos), because a limit was met, or because a call could not be read.",
  Entropy: "How undecided the policy is about its next token. A slow fall is learning; a fall to zero early on means it stopped exploring.",
  "Policy loss": "The clipped surrogate objective, negated. It hovers around zero and is no measure of progress.",
  "Gradient norm": "Length of the gradient over all weights. Spikes or steady growth announce instability.",
  "Clipped tokens": "Share of tokens whose probability ratio left the trust region. Zero when each batch is used for a single update.",
  "Approximate KL": "Distance between the policy that sampled and the one being trained.",
  "Sampler and trainer":
    "Difference of the log-probabilities that sampler and trainer compute for the same tokens. It should stay near zero.",
  "Mismatch before the update":
    "Sampler against trainer with the weights that sampled. Large values mean that the two compute different things.",
  "Importance weights": "Truncated ratio of trainer to sampler that the loss is multiplied by. One where both agree.",
  "Off-policy corrections":
    "Share of tokens whose importance weight met its cap, or whose sequence was dropped as too far from the sampling policy.",
  "Distance from the reference": "Estimated divergence of the policy from the frozen reference that the KL penalty holds it to.",
  "Dynamic sampling": "Groups rolled out in a step, and those whose rewards differ. A growing gap is work that teaches nothing.",
  "Value loss": "Half the clipped squared error of the critic. It falls as far as the outcome can be foretold.",
  "Explained variance": "How much of the difference between returns the critic foretells: one is all, zero no more than their mean.",
  "Clipped values": "Share of tokens at which the clipped prediction of the critic gives the larger loss.",
  "Gradient norm of the critic": "Length of the gradient over all weights of the critic.",
  "Learning rate of the critic": "Step size of the critic's optimizer, after warm-up and decay.",
  Updates: "How many mini-batches of the step changed the policy.",
  "Groups without a signal":
    "Share of groups in which all rollouts earned the same reward. They teach nothing; a rise means that the problems have become too easy or too hard.",
  "Learning rate": "Step size of the optimizer, after warm-up and decay.",
  "Tokens in the loss":
    "Tokens of one optimizer step that enter the loss, which prompts and interpreter output never do, and all that were read.",
} as const;

/** Title of a chart that is explained. */
export type ChartTitle = keyof typeof EXPLANATIONS;
