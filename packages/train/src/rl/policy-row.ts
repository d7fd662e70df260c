import { assertSameLength } from "@retool-ts/core";
import { countTargets, type TrainingRow } from "@retool-ts/policy";
import type { Advantage } from "./advantages.js";
import type { Sample } from "./sample.js";

/** One sample as the policy loss sees it. */
export interface PolicyRow extends TrainingRow {
  readonly fields: {
    readonly oldLogProbs: Float32Array;
    readonly samplerLogProbs: Float32Array;
    readonly advantages: Float32Array;
    /** Tokens of the row that the policy chose, at each of them. */
    readonly tokensInRow: Float32Array;
    /** Only with a KL penalty. */
    readonly refLogProbs?: Float32Array;
  };
}

/** A sample and its advantage as a row; one number is repeated at every token. */
export function policyRow({ rollout, oldLogProbs, samplerLogProbs, refLogProbs }: Sample, advantage: Advantage): PolicyRow {
  const { tokenIds, lossMask } = rollout.trajectory;
  const row = { tokenIds, lossMask };
  const constant = (value: number) => new Float32Array(tokenIds.length).fill(value);
  const advantages = typeof advantage === "number" ? constant(advantage) : Float32Array.from(advantage);
  assertSameLength({ tokenIds, advantages });
  const fields = { oldLogProbs, samplerLogProbs, advantages, tokensInRow: constant(countTargets([row])) };
  return { ...row, fields: refLogProbs === undefined ? fields : { ...fields, refLogProbs } };
}
