import { groupBy, RandomStream, RetoolError } from "@retool-ts/core";
import type { Problem, ProblemSource } from "@retool-ts/data";
import type { TrainingRow } from "@retool-ts/engine";
import { gradedRollouts, withDistinctIds, type Environment, type GradedRollout, type PolicyModel } from "@retool-ts/evaluate";
import { withPartial } from "../partial.js";
import type { Recorder } from "../recorder.js";
import type { Reporter } from "../reporter.js";
import { isScored } from "../rl/sample.js";
import { EpochRows } from "./epoch-rows.js";
import type { RowStream } from "./row-stream.js";
import type { RolloutStageSource, SftStage } from "./sft-config.js";

/** Keeps the rollouts of a stage, so that a resumed one has the same rows; or reads those that its `files` name. */
export interface StageRollouts {
  read(): Promise<readonly GradedRollout[]>;
  write(rollouts: readonly GradedRollout[]): Promise<unknown>;
}

/** Inputs of a {@link BestOfStream}. */
export interface BestOfOptions<Closure = never> {
  readonly policy: Pick<PolicyModel<Closure>, "engine" | "tokenizer" | "eosTokenIds" | "unusedTokenIds">;
  readonly environment: Environment;
  readonly problems: ProblemSource;
  /** Index of the first problem: each stage reads its own stretch. */
  readonly firstProblem: number;
  readonly stage: Pick<SftStage, "name" | "batchSize">;
  readonly source: RolloutStageSource;
  readonly seed: number;
  /** Rows to keep out of training. */
  readonly heldOut: number;
  readonly rollouts: StageRollouts;
  readonly recorder: Recorder;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** Steps of rollouts that belong to no step of reinforcement learning. */
const STEP = -1_000_000;

/**
 * Rejection-sampling fine-tuning: as the stage begins, the policy answers each problem `samples` times, and learns from the `keep` best of
 * its right answers, epoch after epoch. Tool output carries no loss.
 *
 * See Yuan et al., "Scaling relationship on learning mathematical reasoning" (https://arxiv.org/abs/2308.01825).
 */
export class BestOfStream<Closure = never> implements RowStream {
  readonly #options: BestOfOptions<Closure>;
  #rows: EpochRows | undefined;
  #heldOut: readonly TrainingRow[] = [];
  #summary = "";

  constructor(options: BestOfOptions<Closure>) {
    this.#options = options;
  }

  async take(count: number): Promise<TrainingRow[]> {
    return (await this.#opened(false)).take(count);
  }

  async skip(count: number): Promise<void> {
    (await this.#opened(count > 0)).skip(count);
  }

  async heldOut(count: number): Promise<TrainingRow[]> {
    await this.#opened(false);
    return this.#heldOut.slice(0, count);
  }

  describe(): string {
    return this.#summary;
  }

  /** @param resumed - the stage has been trained on, so that its rollouts are those that were kept. */
  async #opened(resumed: boolean): Promise<EpochRows> {
    if (this.#rows !== undefined) return this.#rows;
    const { rollouts, source, stage, seed, heldOut, reporter } = this.#options;
    const all = resumed || source.files !== null ? await rollouts.read() : await this.#sample();
    const best = bestOf(all, source.keep);
    const rows = best.map(({ trajectory: { tokenIds, lossMask } }): TrainingRow => ({ tokenIds, lossMask }));
    const shuffled = new RandomStream(seed, ["best-of-held-out", stage.name]).shuffle(rows);
    this.#heldOut = shuffled.slice(0, heldOut);
    const right = all.filter(({ reward }) => reward.correct).length;
    this.#summary = `${rows.length - heldOut} rollouts, the best of ${right} right ones among ${all.length}`;
    if (shuffled.length - heldOut < stage.batchSize) {
      const fix = "raise source.problems or source.samples, or lower batchSize or sft.evalRows";
      throw new RetoolError("ROWS", `stage ${stage.name}: expected at least ${stage.batchSize} rows, found ${this.#summary}; ${fix}`);
    }
    reporter.say(`${stage.name}: ${this.#summary}`);
    this.#rows = new EpochRows(shuffled.slice(heldOut), stage.batchSize, seed);
    return this.#rows;
  }

  async #sample(): Promise<readonly GradedRollout[]> {
    const { policy, environment, problems, firstProblem, stage, source, seed, rollouts, recorder, reporter, signal } = this.#options;
    const { samples, sampling } = source;
    const asked = withDistinctIds(Array.from({ length: source.problems }, (_, i): Problem => problems.problem(firstProblem + i)));
    const bar = reporter.progress(`sample ${stage.name}`, asked.length * samples);
    const onRollout = (done: number) => bar.update(done);
    const request = { problems: asked, samples, sampling, seed, step: STEP, onRollout, ...(signal && { signal }) };
    const name = `sft-${stage.name}`;
    const sampled = await withPartial({ recorder, reporter, seed, environment }, { name, policy, sampling }, async (journal) =>
      (await gradedRollouts(policy, environment, { ...request, ...(journal && { journal }) })).flat(),
    );
    signal?.throwIfAborted();
    bar.done();
    await rollouts.write(sampled);
    return sampled;
  }
}

/** The best right rollouts of each problem: of the highest score, then the shortest; the same tokens count once. */
export function bestOf(rollouts: readonly GradedRollout[], keep: number): GradedRollout[] {
  const right = rollouts.filter((rollout) => rollout.reward.correct && isScored({ ...rollout, group: 0 }));
  return [...groupBy(right, ({ problem }) => problem.id).values()].flatMap((group) => {
    const sorted = group.toSorted((a, b) => b.reward.score - a.reward.score || a.trajectory.tokenIds.length - b.trajectory.tokenIds.length);
    const distinct = new Map<string, GradedRollout>();
    for (const rollout of sorted) {
      const tokens = rollout.trajectory.tokenIds.join();
      if (!distinct.has(tokens)) distinct.set(tokens, rollout);
    }
    return [...distinct.values()].slice(0, keep);
  });
}
