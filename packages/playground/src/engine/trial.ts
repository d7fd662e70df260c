import { streamKey, uniformAt } from "@retool-ts/core";
import type { TrainingRow } from "@retool-ts/engine";
import type { Policy } from "../session/open-policy.js";

/** Length of the answers of a trial step. */
const TOKENS = 8;
/** A first trial step that takes longer than this is not followed by a second: it is far too slow, prepared or not. */
const SLOW_MS = 10_000;
const LEARNING_RATE = 6e-4;

/** What a trial step gave. */
export interface Trial {
  /** The answers that it sampled, and the log-probability of each token as the sampler told it. */
  readonly rows: readonly TrainingRow[];
  readonly told: readonly Float32Array[];
  /** Log-probabilities, loss and size of the gradient of the rows that it was given. */
  readonly scores: readonly Float32Array[];
  readonly loss: number;
  readonly gradNorm: number;
  /** Milliseconds of a second one, because the first also prepares programs and memory; of the first where that was very slow. */
  readonly stepMs: number;
}

/** Largest differences between two engines that are rounding: of a log-probability, and of loss and gradient as a share of them. */
export const TOLERANCE = { logProb: 0.002, share: 0.01 } as const;

/** Problems of a trial step, and answers to each. */
export interface TrialSize {
  readonly prompts: readonly (readonly number[])[];
  readonly answers: number;
}

/**
 * Samples answers and learns from rows, twice, on what TensorFlow.js now computes with. The policy is changed.
 *
 * @param given - rows to learn from; default: those that it samples
 * @param signal - gives up between two parts of the work, with its reason
 */
export async function trialStep(
  policy: Policy,
  size: TrialSize,
  { given, signal }: { readonly given?: readonly TrainingRow[]; readonly signal?: AbortSignal | undefined } = {},
): Promise<Trial> {
  let started = performance.now();
  const first = await sample(policy, size);
  signal?.throwIfAborted();
  const rows = given ?? first.rows;
  const scores = await policy.engine.logProbs(rows);
  signal?.throwIfAborted();
  const { loss, gradNorm } = await learn(policy, rows);
  signal?.throwIfAborted();
  if (performance.now() - started < SLOW_MS) {
    started = performance.now();
    await sample(policy, size);
    await learn(policy, rows);
  }
  return { ...first, scores, loss, gradNorm, stepMs: performance.now() - started };
}

async function sample({ engine, tokenizer, unusedTokenIds }: Policy, { prompts, answers: count }: TrialSize) {
  const sampler = await engine.sampler({
    maxSequences: prompts.length * count,
    maxLength: prompts.reduce((most, { length }) => Math.max(most, length), 0) + TOKENS + 1,
    vocabSize: tokenizer.vocabSize,
    unusedTokenIds,
  });
  try {
    const opened = prompts.map((prompt) => sampler.open(prompt));
    await sampler.prefill(opened);
    const sequences = opened.flatMap((sequence, i) =>
      Array.from({ length: count }, (_, n) => ({ prompt: prompts[i]!, sequence: n === 0 ? sequence : sampler.fork(sequence) })),
    );
    const answers = await Promise.all(
      sequences.map(({ sequence }, i) => {
        const key = streamKey(1, ["trial", i]);
        const uniform = (position: number) => uniformAt(key, position);
        return sampler.decode(sequence, { temperature: 1, topP: 1, topK: 0, maxTokens: TOKENS, uniform });
      }),
    );
    const rows = answers.map(({ tokenIds }, i): TrainingRow => {
      const { prompt } = sequences[i]!;
      return { tokenIds: [...prompt, ...tokenIds], lossMask: [...prompt.map(() => 0), ...tokenIds.map(() => 1)] };
    });
    const told = answers.map(({ logProbs }, i) => Float32Array.from([...sequences[i]!.prompt.map(() => 0), ...logProbs]));
    return { rows, told };
  } finally {
    sampler.dispose();
  }
}

async function learn({ engine }: Policy, rows: readonly TrainingRow[]): Promise<{ readonly loss: number; readonly gradNorm: number }> {
  const { loss } = await engine.forwardBackward(rows, { name: "cross-entropy", normalizer: rows.length * TOKENS });
  const { gradNorm } = await engine.optimStep({ learningRate: LEARNING_RATE });
  return { loss, gradNorm };
}

/**
 * In which way an engine computes something else than the one it is compared with; undefined where both agree.
 *
 * @param rescored - log-probabilities of the other's answers as the first engine has them
 */
export function disagreement(trusted: Trial, other: Trial, rescored: readonly Float32Array[]): string | undefined {
  const farthest = Math.max(largestDifference(trusted.scores, other.scores), largestDifference(rescored, other.told));
  if (!(farthest <= TOLERANCE.logProb)) return `a log-probability differs by ${text(farthest)}, and ${TOLERANCE.logProb} is allowed`;
  for (const [what, a, b] of [
    ["the loss", trusted.loss, other.loss],
    ["the size of the gradient", trusted.gradNorm, other.gradNorm],
  ] as const) {
    if (!(Math.abs(a - b) <= TOLERANCE.share * Math.abs(a))) return `${what} is ${text(b)} instead of ${text(a)}`;
  }
  return undefined;
}

/** NaN where one of the two is no number. */
function largestDifference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let largest = a.length === b.length ? 0 : Number.NaN;
  a.forEach((row, i) => row.forEach((value, j) => (largest = Math.max(largest, Math.abs(value - (b[i]?.[j] ?? Number.NaN))))));
  return largest;
}

function text(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "no number";
}
