import { RetoolError } from "@retool-ts/core";

/**
 * pass@k: the probability that at least one of k samples is right, estimated without bias from n ≥ k samples of which c are right,
 *
 *     1 − C(n − c, k) / C(n, k) = 1 − Π_{i = n−c+1}^{n} (1 − k / i)
 *
 * Chen et al., "Evaluating Large Language Models Trained on Code", sec. 2.1 (https://arxiv.org/abs/2107.03374).
 *
 * @param samples - n, of one problem.
 * @param correct - c.
 */
export function passAtK(samples: number, correct: number, k: number): number {
  checkCounts(samples, k);
  if (!Number.isSafeInteger(correct) || correct < 0 || correct > samples) {
    throw new RetoolError("NUMBER", `correct: expected a whole number from 0 to ${samples}, got ${correct}`);
  }
  if (samples - correct < k) return 1;
  let allWrong = 1;
  for (let i = samples - correct + 1; i <= samples; i++) allWrong *= 1 - k / i;
  return 1 - allWrong;
}

/** One sample's final answer. */
export interface Vote {
  /** In a form in which equal answers are equal texts; undefined abstains. */
  readonly answer: string | undefined;
  readonly correct: boolean;
}

/**
 * maj@k: the probability that the most frequent answer of k samples is right, exact over all subsets of k of the n ≥ k samples. Ties
 * are split evenly, and a subset without an answer is wrong.
 *
 * The number of votes each answer gets is multivariate hypergeometric. For each answer w and number of votes v, the other answers
 * are gone through one by one, keeping the probability of (votes drawn so far, answers that tie with w).
 *
 * Wang et al., "Self-Consistency Improves Chain of Thought Reasoning in Language Models" (https://arxiv.org/abs/2203.11171).
 *
 * @param votes - n samples of one problem.
 */
export function majorityAtK(votes: readonly Vote[], k: number): number {
  checkCounts(votes.length, k);
  const answers = new Map<string, { votes: number; correct: number }>();
  for (const { answer, correct } of votes) {
    if (answer === undefined) continue;
    const known = answers.get(answer) ?? { votes: 0, correct: 0 };
    answers.set(answer, { votes: known.votes + 1, correct: known.correct + (correct ? 1 : 0) });
  }
  const counts = [...answers.values()];
  const logChoose = logBinomials(votes.length);
  return counts.reduce((sum, winner, index) => {
    if (winner.correct === 0) return sum;
    const others = counts.filter((_, other) => other !== index).map((other) => other.votes);
    return sum + (winner.correct / winner.votes) * winShare(winner.votes, others, votes.length, k, logChoose);
  }, 0);
}

type LogChoose = (n: number, k: number) => number;

/** Probability that an answer wins, a tie of m answers counting 1 / m. */
function winShare(own: number, others: readonly number[], total: number, k: number, logChoose: LogChoose): number {
  const abstaining = total - own - others.reduce((sum, count) => sum + count, 0);
  let share = 0;
  for (let votes = 1; votes <= Math.min(own, k); votes++) {
    // ways[drawn][tied]: chance that the answers so far get `drawn` votes with none above `votes` and `tied` equal to it.
    let ways = new Map<number, Map<number, number>>([[votes, new Map([[0, hypergeometric(own, total, votes, k, logChoose)]])]]);
    let left = total - own;
    for (const count of others) {
      ways = drawFrom(ways, count, left, votes, k, logChoose);
      left -= count;
    }
    for (const [drawn, byTies] of ways) {
      if (k - drawn > abstaining) continue;
      for (const [ties, chance] of byTies) share += chance / (ties + 1);
    }
  }
  return share;
}

/** Draws votes for one more answer, at most `limit`, out of `left` samples that are not yet gone through. */
function drawFrom(
  ways: ReadonlyMap<number, ReadonlyMap<number, number>>,
  count: number,
  left: number,
  limit: number,
  k: number,
  logChoose: LogChoose,
): Map<number, Map<number, number>> {
  const next = new Map<number, Map<number, number>>();
  for (const [drawn, byTies] of ways) {
    for (let votes = 0; votes <= Math.min(count, limit, k - drawn); votes++) {
      const step = hypergeometric(count, left, votes, k - drawn, logChoose);
      if (step === 0) continue;
      const target = next.get(drawn + votes) ?? new Map<number, number>();
      next.set(drawn + votes, target);
      for (const [ties, chance] of byTies) {
        const key = ties + (votes === limit ? 1 : 0);
        target.set(key, (target.get(key) ?? 0) + chance * step);
      }
    }
  }
  return next;
}

/** Chance that `votes` of `draws` samples out of `total` are among `count` marked ones. */
function hypergeometric(count: number, total: number, votes: number, draws: number, logChoose: LogChoose): number {
  if (votes > count || draws - votes > total - count) return 0;
  return Math.exp(logChoose(count, votes) + logChoose(total - count, draws - votes) - logChoose(total, draws));
}

/** log C(n, k) for n up to a largest. */
function logBinomials(largest: number): LogChoose {
  const logFactorial = [0];
  for (let i = 1; i <= largest; i++) logFactorial.push(logFactorial[i - 1]! + Math.log(i));
  return (n, k) => logFactorial[n]! - logFactorial[k]! - logFactorial[n - k]!;
}

function checkCounts(samples: number, k: number): void {
  if (!Number.isSafeInteger(k) || k < 1 || k > samples) {
    throw new RetoolError("NUMBER", `k: expected a whole number from 1 to ${samples}, the number of samples, got ${k}`);
  }
}
