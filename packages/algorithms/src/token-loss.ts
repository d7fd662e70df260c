import type * as tf from "@tensorflow/tfjs-core";

/** A loss and what is measured beside it. Both are added over micro-batches. */
export interface LossResult {
  readonly loss: tf.Scalar;
  readonly metrics?: Readonly<Record<string, tf.Scalar>>;
}

/** Inputs of a loss over tokens: one number for each token that the policy chose, `[targets]` each. */
export interface LossInputs {
  /** log π(token | context) under the current weights; gradients flow through it. */
  readonly logProbs: tf.Tensor1D;
  /** Entropy of the distribution each token was drawn from, in nats; gradients flow through it. */
  readonly entropies: tf.Tensor1D;
  /** The rows' own fields. */
  readonly fields: Readonly<Record<string, tf.Tensor1D>>;
  /** int32: which row of the micro-batch each token is in. */
  readonly rowOfTarget: tf.Tensor1D;
}

/**
 * A loss over one micro-batch, run inside `tf.tidy`. It must be normalised over the whole optimizer step (divide by the step's token count,
 * not by the micro-batch's): losses and metrics of micro-batches are added.
 */
export type TokenLoss = (inputs: LossInputs) => LossResult;

/** Inputs of a critic's loss: one number a token that the policy chose, `[targets]` each. */
export interface ValueLossInputs {
  /** Predicted value of the state in which the token was chosen; gradients flow through it. */
  readonly values: tf.Tensor1D;
  /** The rows' own fields. */
  readonly fields: Readonly<Record<string, tf.Tensor1D>>;
}

/** A critic's loss over one micro-batch; normalised like a {@link TokenLoss}. */
export type ValueLoss = (inputs: ValueLossInputs) => LossResult;
