import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import {
  aggregateLoss,
  clippedSurrogateLoss,
  clippedValueLoss,
  generalizedAdvantages,
  groupAdvantages,
  klPenalty,
  whitenMasked,
  type AggregationMode,
  type KLEstimator,
} from "../src/index.js";
import { expectClose } from "./close.js";

// Expected values of verl's core_algos, computed in double precision by running it.
const repository = resolve(import.meta.dirname, "../../..");
const shared = resolve(repository, process.env["RETOOL_SHARED"] ?? "../shared");
const file = join(shared, "data/golden/core_algos_vectors.jsonl");

/** A golden row: `inputs` and `expected` are shaped by `fn`. */
interface Row {
  readonly fn: string;
  readonly inputs: never;
  readonly expected: never;
}
type Matrix = number[][];

const isPresent = existsSync(file);
/** Functions whose vectors another package checks: the overlong punishment is a reward. */
const ELSEWHERE = new Set(["overlong_penalty"]);
const rows: Row[] = isPresent
  ? readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Row)
      .filter(({ fn }) => !ELSEWHERE.has(fn))
  : [];

const checks: Record<string, (inputs: never, expected: never) => void> = {
  gae(
    inputs: { token_level_rewards: Matrix; values: Matrix; response_mask: Matrix; gamma: number; lam: number },
    expected: { advantages_raw: Matrix; advantages_whitened: Matrix; returns: Matrix },
  ) {
    const { token_level_rewards, values, response_mask, gamma, lam } = inputs;
    const result = generalizedAdvantages(token_level_rewards, values, response_mask, { gamma, gaeLambda: lam });
    expectClose(result.advantages.flat(), expected.advantages_raw.flat(), 1e-12);
    expectClose(result.returns.flat(), expected.returns.flat(), 1e-12);
    expectClose(whitenMasked(result.advantages, response_mask).flat(), expected.advantages_whitened.flat(), 1e-8);
  },
  grpo(
    inputs: { scores: number[]; group_ids: string[]; response_mask: Matrix; norm_adv_by_std: boolean; epsilon: number },
    expected: { advantages: Matrix },
  ) {
    const { scores, group_ids, response_mask, norm_adv_by_std, epsilon } = inputs;
    const advantages = groupAdvantages(scores, group_ids, { normalizeByStd: norm_adv_by_std, epsilon });
    const perToken = response_mask.map((row, sample) => row.map((mask) => mask * advantages[sample]!));
    expectClose(perToken.flat(), expected.advantages.flat(), 1e-12);
  },
  agg_loss(inputs: { loss_mat: Matrix; loss_mask: Matrix; loss_agg_mode: AggregationMode }, expected: number) {
    tf.tidy(() => {
      const loss = aggregateLoss(tf.tensor2d(inputs.loss_mat), tf.tensor2d(inputs.loss_mask), { mode: inputs.loss_agg_mode });
      expectClose(loss.dataSync(), [expected]);
    });
  },
  policy_loss(
    inputs: {
      log_prob: Matrix;
      old_log_prob: Matrix;
      advantages: Matrix;
      response_mask: Matrix;
      clip_low: number;
      clip_high: number;
      clip_ratio_c: number;
      loss_agg_mode: AggregationMode;
    },
    expected: { loss: number; pg_clipfrac: number; pg_clipfrac_lower: number; ppo_kl: number; grad_log_prob: Matrix },
  ) {
    tf.tidy(() => {
      const options = { clipLow: inputs.clip_low, clipHigh: inputs.clip_high, dualClip: inputs.clip_ratio_c };
      const logProbs = tf.tensor2d(inputs.log_prob);
      const mask = tf.tensor2d(inputs.response_mask);
      const surrogate = (x: tf.Tensor2D) =>
        clippedSurrogateLoss(x, tf.tensor2d(inputs.old_log_prob), tf.tensor2d(inputs.advantages), mask, options);
      const loss = (x: tf.Tensor2D) => aggregateLoss(surrogate(x).lossPerToken, mask, { mode: inputs.loss_agg_mode });
      expectClose(loss(logProbs).dataSync(), [expected.loss]);
      expectClose(
        tf
          .grad((x) => loss(x as tf.Tensor2D))(logProbs)
          .dataSync(),
        expected.grad_log_prob.flat(),
      );
      const { metrics } = surrogate(logProbs);
      expectClose(metrics["policy/clip_frac"].dataSync(), [expected.pg_clipfrac]);
      expectClose(metrics["policy/clip_frac_lower"].dataSync(), [expected.pg_clipfrac_lower]);
      expectClose(metrics["policy/approx_kl"].dataSync(), [expected.ppo_kl]);
    });
  },
  value_loss(
    inputs: {
      vpreds: Matrix;
      values: Matrix;
      returns: Matrix;
      response_mask: Matrix;
      cliprange_value: number;
      loss_agg_mode: AggregationMode;
    },
    expected: { loss: number; vf_clipfrac: number },
  ) {
    tf.tidy(() => {
      const mask = tf.tensor2d(inputs.response_mask);
      const { lossPerToken, metrics } = clippedValueLoss(
        tf.tensor2d(inputs.vpreds),
        tf.tensor2d(inputs.values),
        tf.tensor2d(inputs.returns),
        mask,
        {
          clipValue: inputs.cliprange_value,
        },
      );
      expectClose(aggregateLoss(lossPerToken, mask, { mode: inputs.loss_agg_mode }).dataSync(), [expected.loss]);
      expectClose(metrics["value/clip_frac"].dataSync(), [expected.vf_clipfrac]);
    });
  },
  kl_penalty(inputs: { logprob: Matrix; ref_logprob: Matrix; kind: string }, expected: Matrix) {
    const estimators: Record<string, KLEstimator> = { kl: "k1", k1: "k1", abs: "abs", mse: "k2", k3: "k3" };
    tf.tidy(() => {
      const logProbs = tf.tensor2d(inputs.logprob);
      const penalty = klPenalty(logProbs, tf.tensor2d(inputs.ref_logprob), tf.onesLike(logProbs), { estimator: estimators[inputs.kind]! });
      expectClose(penalty.dataSync(), expected.flat());
    });
  },
  masked_whiten(inputs: { values: Matrix; mask: Matrix }, expected: Matrix) {
    expectClose(whitenMasked(inputs.values, inputs.mask).flat(), expected.flat(), 1e-8);
  },
};

const title = isPresent
  ? "verl core_algos vectors"
  : `verl core_algos vectors (skipped: set RETOOL_SHARED; no ${join("data/golden", "core_algos_vectors.jsonl")} found)`;
describe(title, () => {
  test.skipIf(!isPresent)("the file holds every function", () => {
    expect(new Set(rows.map((row) => row.fn))).toEqual(new Set(Object.keys(checks)));
  });
  for (const [index, { fn, inputs, expected }] of rows.entries()) {
    test(`row ${index + 1}: ${fn}`, () => checks[fn]!(inputs, expected));
  }
});
