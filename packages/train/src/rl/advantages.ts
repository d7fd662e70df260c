import {
  decoupledAdvantages,
  generalizedAdvantages,
  groupAdvantages,
  leaveOneOutAdvantages,
  optimalTokenBaselineAdvantages,
  preferenceAdvantages,
  reinforcePlusPlusAdvantages,
  reinforcePlusPlusBaselineAdvantages,
  remaxAdvantages,
  selfDistillationAdvantages,
  turnAdvantages,
  type TurnRewards,
  whitenMasked,
} from "@retool-ts/algorithms/advantages";
import { RetoolError } from "@retool-ts/core";
import type { TrainConfig } from "../train-config.js";

/** Inputs of an advantage function; one entry per sample of the step. */
export interface AdvantageInputs {
  /** Score of each response. */
  readonly scores: readonly number[];
  /** The prompt of each sample. */
  readonly groupIds: readonly number[];
  /** 1 = chosen by the policy, one row a sample. */
  readonly lossMask: readonly ArrayLike<number>[];
  /** Reward of each token, with the score on the last that the policy chose; rows like those of `lossMask`. */
  readonly rewards: readonly ArrayLike<number>[];
  /** Amounts that the score is the sum of, by name; rewards of several parts have them. */
  readonly parts?: readonly Readonly<Record<string, number>>[];
  /** Of each sample: the turns' rewards, and the turn of each token; see `turnsOf`. */
  readonly turns?: readonly { readonly rewards: TurnRewards; readonly ofToken: ArrayLike<number> }[];
  /** Of each token: log π by the policy that learns, and Σ π² over the vocabulary; only with `otb`. */
  readonly distributions?: readonly { readonly logProbs: ArrayLike<number>; readonly squaredProbabilities: ArrayLike<number> }[];
  /** log π of each whole response by the policy that learns and by the reference; only with `dpo`. */
  readonly sequenceLogProbs?: { readonly policy: readonly number[]; readonly reference: readonly number[] };
  /** Of each token: log π by the policy that learns, and by it when it is told what came of it; only with `sdpo`. */
  readonly selfTeaching?: {
    readonly logProbs: readonly ArrayLike<number>[];
    readonly toldLogProbs: readonly (ArrayLike<number> | undefined)[];
  };
  /** Score of each sample's prompt at temperature 0; only with `remax`. */
  readonly greedyScores?: readonly number[];
  /** The critic's value of the state in which each token was chosen; only with `gae`. */
  readonly values?: readonly ArrayLike<number>[];
}

/** The advantage of a sample: one number for all of its tokens, or one a token. */
export type Advantage = number | ArrayLike<number>;

/** Advantages of one's own; one entry a sample, in order. */
export interface AdvantageFunction {
  (inputs: AdvantageInputs): readonly Advantage[];
  /** It compares the samples of one prompt, so that `groupSize: 1` is refused. Default false: any size will do. */
  readonly needsGroups?: boolean;
}

/** Advantages as the config names them. */
export function advantagesOf(
  inputs: AdvantageInputs,
  {
    advantage,
    gamma,
    gaeLambda,
    gdpoWeights,
    turnCredit,
    kl,
  }: Pick<TrainConfig, "advantage" | "gamma" | "gaeLambda"> & Partial<Pick<TrainConfig, "gdpoWeights" | "turnCredit" | "kl">>,
): readonly Advantage[] {
  const { scores, groupIds, lossMask, rewards, greedyScores } = inputs;
  switch (advantage) {
    case "grpo":
      return groupAdvantages(scores, groupIds, { normalizeByStd: true });
    case "dr-grpo":
      return groupAdvantages(scores, groupIds, { normalizeByStd: false });
    case "rloo":
      return leaveOneOutAdvantages(scores, groupIds);
    case "reinforce++":
      return reinforcePlusPlusAdvantages(rewards, lossMask, { gamma });
    case "reinforce++-baseline":
      return reinforcePlusPlusBaselineAdvantages(scores, groupIds, lossMask);
    case "remax":
      if (greedyScores === undefined) throw new RetoolError("ADVANTAGE", "remax: expected the scores of greedy responses, got none");
      return remaxAdvantages(scores, greedyScores);
    case "gdpo":
      if (inputs.parts === undefined) throw new RetoolError("ADVANTAGE", "gdpo: expected the parts of each reward, got none");
      return decoupledAdvantages(inputs.parts, groupIds, { weights: gdpoWeights ?? {} });
    case "mt-grpo": {
      const { turns } = inputs;
      if (turns === undefined) throw new RetoolError("ADVANTAGE", "mt-grpo: expected the turns of each sample, got none");
      const ofTurns = turnAdvantages(scores, turns.map(({ rewards: own }) => own), groupIds, { turnCoef: turnCredit?.coef ?? 1 }); // prettier-ignore
      return turns.map(({ ofToken }, i) => Array.from(ofToken, (turn) => (turn < 0 ? 0 : ofTurns[i]![turn]!)));
    }
    case "otb": {
      const { distributions } = inputs;
      if (distributions === undefined) throw new RetoolError("ADVANTAGE", "otb: expected the squared probabilities of each token, got none"); // prettier-ignore
      const logProbs = distributions.map((each) => each.logProbs);
      const squaredProbabilities = distributions.map((each) => each.squaredProbabilities);
      return optimalTokenBaselineAdvantages({ rewards, lossMask, logProbs, squaredProbabilities }, groupIds);
    }
    case "dpo": {
      const { sequenceLogProbs } = inputs;
      if (sequenceLogProbs === undefined) throw new RetoolError("ADVANTAGE", "dpo: expected log-probabilities by policy and reference, got none"); // prettier-ignore
      const { policy, reference } = sequenceLogProbs;
      return preferenceAdvantages({ scores, groupIds, logProbs: policy, refLogProbs: reference }, kl?.coef ?? 0.1);
    }
    case "sdpo": {
      const { selfTeaching } = inputs;
      if (selfTeaching === undefined) throw new RetoolError("ADVANTAGE", "sdpo: expected log-probabilities with and without feedback, got none"); // prettier-ignore
      return selfDistillationAdvantages({ ...selfTeaching, lossMask });
    }
    case "none":
      return scores.map(() => 0);
    case "gae":
      return whitenMasked(generalizedAdvantages(rewards, valuesOf(inputs), lossMask, { gamma, gaeLambda }).advantages, lossMask);
  }
}

/** Targets of the critic: advantage, before whitening, plus value. */
export function returnsOf(inputs: AdvantageInputs, options: Pick<TrainConfig, "gamma" | "gaeLambda">): number[][] {
  return generalizedAdvantages(inputs.rewards, valuesOf(inputs), inputs.lossMask, options).returns;
}

function valuesOf({ values }: AdvantageInputs): readonly ArrayLike<number>[] {
  if (values === undefined) throw new RetoolError("ADVANTAGE", "gae: expected the values of a critic, got none");
  return values;
}

/** True when no token of a sample with this mask has an advantage. */
export function isZero(advantage: Advantage, lossMask: ArrayLike<number>): boolean {
  if (typeof advantage === "number") return advantage === 0;
  return Array.from(lossMask).every((mask, t) => mask === 0 || advantage[t] === 0);
}

/** The mean over a sample's own tokens, for the record. */
export function meanAdvantage(advantage: Advantage, lossMask: ArrayLike<number>): number {
  if (typeof advantage === "number") return advantage;
  const own = Array.from(advantage).filter((_, t) => lossMask[t] === 1);
  return own.reduce((sum, value) => sum + value, 0) / Math.max(1, own.length);
}
