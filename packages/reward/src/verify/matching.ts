import type { Comparison } from "./equal.js";
import type { Node } from "./tree.js";

/** A comparison of answers: what compares values, and what compares the parts of a structure, which may be structures again. */
export interface Matching extends Comparison {
  /** Set if the form of the gold answer counts too. */
  readonly isStrict: boolean;
  /** Checks whether a part of the prediction is that part of the gold answer. */
  readonly isSame: (gold: Node, given: Node) => boolean;
}
