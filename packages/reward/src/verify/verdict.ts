/** A verifier's word on one answer; every kind has a reason that a person can read. */
export type Verdict =
  | { readonly status: "correct"; readonly reason: string }
  | { readonly status: "wrong"; readonly reason: string }
  /** The gold answer is not one that the verifier reads: a fault of the data. */
  | { readonly status: "unparsableGold"; readonly reason: string }
  | { readonly status: "unparsablePrediction"; readonly reason: string }
  /** Telling would cost more than the budget allows. */
  | { readonly status: "undecided"; readonly reason: string };

export interface VerifyOptions {
  /**
   * Ask for the form of the gold answer too: units and bases written out, brackets and braces as they stand, no `x =` before a
   * bare value, no bare number for a percentage. Default false.
   */
  readonly strict?: boolean;
}
