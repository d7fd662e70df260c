import { assertSameLength } from "@retool-ts/core";

/** One row of numbers per sequence; rows may differ in length. */
export type Rows = readonly ArrayLike<number>[];

export interface GAEOptions {
  /** Discount γ per model token. */
  readonly gamma: number;
  /** λ of the exponential average over horizons. */
  readonly gaeLambda: number;
}

/** Result of {@link generalizedAdvantages}. */
export interface GAEResult {
  /** One row per sequence, not whitened; at masked tokens the advantage of the next model token. */
  readonly advantages: number[][];
  /** Advantage + value: the target of the value head. */
  readonly returns: number[][];
}

/**
 * Generalized advantage estimation that steps over tool tokens: for model tokens t with the next model token u,
 *
 *     δₜ = rₜ + γ V_u − Vₜ,    Aₜ = δₜ + γλ A_u
 *
 * and V = A = 0 behind the last one. Text that the policy did not write is thus neither discounted nor valued; a reward
 * placed on it is lost, so put the score on the last model token.
 *
 * Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage Estimation"
 * (https://arxiv.org/abs/1506.02438); the skipping is verl's.
 *
 * @param rewards - reward of each token, one row per sequence.
 * @param values - predicted value at each token.
 * @param lossMask - 1 = sampled by the policy.
 */
export function generalizedAdvantages(rewards: Rows, values: Rows, lossMask: Rows, { gamma, gaeLambda }: GAEOptions): GAEResult {
  assertSameLength({ rewards, values, lossMask });
  const rows = rewards.map((rowRewards, row) => {
    const rowValues = values[row]!;
    const rowMask = lossMask[row]!;
    const seqLen = assertSameLength({ [`rewards[${row}]`]: rowRewards, [`values[${row}]`]: rowValues, [`lossMask[${row}]`]: rowMask });
    const advantages = new Array<number>(seqLen);
    let nextValue = 0;
    let advantage = 0;
    for (let t = seqLen - 1; t >= 0; t--) {
      if (rowMask[t] === 1) {
        const delta = rowRewards[t]! + gamma * nextValue - rowValues[t]!;
        advantage = delta + gamma * gaeLambda * advantage;
        nextValue = rowValues[t]!;
      }
      advantages[t] = advantage;
    }
    return { advantages, returns: advantages.map((a, t) => a + rowValues[t]!) };
  });
  return { advantages: rows.map((row) => row.advantages), returns: rows.map((row) => row.returns) };
}

/**
 * Whitens with the statistics of the tokens whose mask is 1: (x − mean) / √(unbiased variance + 1e-8).
 *
 * The other tokens are shifted and scaled alike, and mean nothing. With fewer than two counted tokens there is no
 * variance: the mean alone is subtracted.
 *
 * @returns one row per row of `values`.
 */
export function whitenMasked(values: Rows, lossMask: Rows): number[][] {
  assertSameLength({ values, lossMask });
  const counted: number[] = [];
  values.forEach((row, index) => {
    assertSameLength({ [`values[${index}]`]: row, [`lossMask[${index}]`]: lossMask[index]! });
    for (let t = 0; t < row.length; t++) if (lossMask[index]![t] === 1) counted.push(row[t]!);
  });
  const mean = counted.reduce((sum, x) => sum + x, 0) / Math.max(counted.length, 1);
  const squares = counted.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const scale = counted.length < 2 ? 1 : 1 / Math.sqrt(squares / (counted.length - 1) + 1e-8);
  return values.map((row) => Array.from(row, (x) => (x - mean) * scale));
}
