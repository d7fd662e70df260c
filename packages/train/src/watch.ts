import { RetoolError } from "@retool-ts/core";
import type { LogRecord } from "@retool-ts/runs";
import type { Reporter } from "./reporter.js";

/** Steps without any difference within groups before it is said. */
const SILENT_STEPS = 5;
/** Mean difference of log-probabilities between sampler and trainer above which it is said; half precision makes about 0.01. */
const APART = 0.05;
/** Updates in a row with a gradient that is no number before the run is given up. */
const BROKEN_UPDATES = 10;

/** Says once what a person would want to know of a run that learns nothing or depends on the machine; gives up one that is broken. */
export class Watch {
  readonly #reporter: Pick<Reporter, "say">;
  readonly #said = new Set<string>();
  readonly #learnsFromScores: boolean;
  #silent = 0;
  #broken = 0;

  constructor(reporter: Pick<Reporter, "say">, { learnsFromScores = true }: { readonly learnsFromScores?: boolean } = {}) {
    this.#reporter = reporter;
    this.#learnsFromScores = learnsFromScores;
  }

  /**
   * Looks at the record of a step.
   *
   * @throws RetoolError when gradients have not been finite for ten updates in a row.
   */
  see(record: LogRecord): void {
    const gradNorm = record["optim/grad_norm"];
    if (gradNorm !== undefined) this.#seeGradient(Number(gradNorm), Number(record["step"])); // a critic's pretraining has none
    const clock = Number(record["sandbox/clock_share"] ?? 0);
    if (clock > 0) {
      this.#once(
        "clock",
        `step ${record["step"]}: a time limit ended ${percent(clock)} of the tool calls; such rollouts are not scored, and equal seeds may differ`,
      );
    }
    const apart = Number(record["mismatch/log_prob_difference"] ?? 0);
    if (apart > APART) {
      this.#once(
        "mismatch",
        `step ${record["step"]}: sampler and trainer are ${apart.toFixed(3)} nats a token apart: other weights or a lower precision sample than learn. Importance weights (train.importance) make up for little of it`,
      );
    }
    if (record["stop/toolFailed"] === 1) {
      this.#once(
        "tools",
        `step ${record["step"]}: in every rollout a tool failed, so that nothing is learned; the rollouts' calls say why`,
      );
    }
    this.#silent = record["group/zero_variance_share"] === 1 ? this.#silent + 1 : 0;
    if (this.#learnsFromScores && this.#silent === SILENT_STEPS) {
      const mean = Number(record["reward/mean"]).toFixed(2);
      this.#once(
        "silent",
        `for ${SILENT_STEPS} steps all rollouts of each group scored the same (mean ${mean}): nothing is learned. Look at some rollouts: problems may be too hard or too easy, or the reward may not find the answers`,
      );
    }
  }

  #seeGradient(gradNorm: number, step: number): void {
    this.#broken = Number.isFinite(gradNorm) ? 0 : this.#broken + 1;
    if (this.#broken === 0) return;
    this.#once("gradient", `step ${step}: the gradient is ${gradNorm}; the update is left out`);
    if (this.#broken < BROKEN_UPDATES) return;
    const fix = "lower the learning rate, or look for broken weights";
    throw new RetoolError(
      "DIVERGED",
      `the gradient was no finite number for ${BROKEN_UPDATES} updates in a row, up to step ${step}; ${fix}`,
    );
  }

  #once(kind: string, line: string): void {
    if (this.#said.has(kind)) return;
    this.#said.add(kind);
    this.#reporter.say(line);
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
