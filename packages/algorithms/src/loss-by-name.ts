import type { CrossEntropyLoss, LossSpec, ValueLossSpec } from "@retool-ts/engine";
import * as tf from "@tensorflow/tfjs-core";
import { aggregateLoss } from "./aggregate.js";
import { policyLoss } from "./policy-loss.js";
import type { TokenLoss, ValueLoss } from "./token-loss.js";
import { clippedValueLoss } from "./value-loss.js";

/** A loss that is data as a function of tensors. */
export function tokenLoss(spec: LossSpec): TokenLoss {
  switch (spec.name) {
    case "cross-entropy":
      return crossEntropy(spec);
    case "ppo-clip":
    case "gspo":
    case "luspo":
    case "cispo":
    case "sapo":
    case "dppo-tv":
    case "dppo-kl":
    case "vespo":
      return policyLoss(spec);
  }
}

function crossEntropy({ normalizer }: CrossEntropyLoss): TokenLoss {
  return ({ logProbs }) => ({
    loss: aggregateLoss(tf.neg(logProbs), tf.ones<tf.Rank.R1>(logProbs.shape), { mode: "token-mean", normalizer }),
  });
}

/** A critic's loss that is data as a function of tensors: the clipped value loss, averaged over the targets of the update. */
export function valueLoss({ clipValue, normalizer }: ValueLossSpec): ValueLoss {
  return ({ values, fields }) => {
    const mask = tf.ones<tf.Rank.R1>(values.shape);
    const { lossPerToken, metrics } = clippedValueLoss(values, fields["oldValues"]!, fields["returns"]!, mask, { clipValue, normalizer });
    return { loss: aggregateLoss(lossPerToken, mask, { mode: "token-mean", normalizer }), metrics };
  };
}
