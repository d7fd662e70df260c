import { RandomStream } from "@retool-ts/core";
import {
  createTaskSource,
  finishTrace,
  mixtureOf,
  pickTraceKind,
  planTrace,
  type TaskSourceOptions,
  type Tokenizer,
  type Trace,
  type TraceFormat,
} from "@retool-ts/data";
import type { TrainingRow } from "@retool-ts/engine";
import type { Environment } from "@retool-ts/evaluate";
import { truncateOutput } from "@retool-ts/rollout";
import type { RowStream } from "./row-stream.js";
import type { SftStage } from "./sft-config.js";

/** Traces made ahead at once: large enough to keep the sandbox busy while the model trains. */
const CHUNK = 512;

/** First chunk of the held-out rows: in the middle of a stage's stretch of problems. */
const HELD_OUT_CHUNK = Math.floor(50_000_000 / CHUNK);

/** Inputs of a {@link ColdStartStream}. */
export interface ColdStartOptions {
  readonly seed: number;
  readonly stage: Pick<SftStage, "name" | "mixture" | "firstStyleShare" | "snippets">;
  /** Index of the first problem: each stage reads its own stretch. */
  readonly firstProblem: number;
  /** Settings of the problems; default: all families. */
  readonly tasks?: Omit<TaskSourceOptions, "seed" | "split">;
  readonly environment: Pick<Environment, "encodePrompt" | "dialect" | "budgets">;
  /** Form of the traces: the one that the dialect reads. */
  readonly traceFormat: TraceFormat;
  readonly tokenizer: Tokenizer;
  /** Runs the snippets. */
  readonly sandbox: { runBatch(codes: readonly string[]): Promise<readonly { readonly feedback: string; readonly status: string }[]> };
}

/** Counts of what became of planned traces. */
export interface ColdStartStats {
  readonly kept: number;
  readonly rejected: number;
  readonly snippetsRun: number;
}

/** Traces made together. */
interface Chunk {
  readonly rows: readonly TrainingRow[];
  readonly rejected: number;
  readonly snippetsRun: number;
}

/**
 * An endless stream of cold-start rows. Every interpreter text in them came from running the code, in the sandbox, just before; a
 * trace whose output is not what its kind promises is left out. The next chunk runs while the current one is trained on.
 */
export class ColdStartStream implements RowStream {
  readonly #options: ColdStartOptions;
  #ready: TrainingRow[] = [];
  #chunk = 0;
  #next: Promise<Chunk> | undefined;
  #stats = { kept: 0, rejected: 0, snippetsRun: 0 };

  constructor(options: ColdStartOptions) {
    this.#options = options;
  }

  get stats(): ColdStartStats {
    return this.#stats;
  }

  /** The next rows of the stream, a pure function of seed, stage and how many were taken before. */
  async take(count: number): Promise<TrainingRow[]> {
    while (this.#ready.length < count) {
      this.#next ??= this.#makeChunk(this.#chunk++);
      this.#ready.push(...this.#count(await this.#next));
      this.#next = this.#makeChunk(this.#chunk++);
      this.#next.catch(() => undefined); // a failure surfaces at the next take
    }
    return this.#ready.splice(0, count);
  }

  /** Rows of problems far behind those that a stage can get to. */
  async heldOut(count: number): Promise<TrainingRow[]> {
    const rows: TrainingRow[] = [];
    for (let chunk = HELD_OUT_CHUNK; rows.length < count; chunk++) rows.push(...(await this.#makeChunk(chunk)).rows);
    return rows.slice(0, count);
  }

  describe(): string {
    return `${this.#stats.snippetsRun} executed snippets`;
  }

  /** Skips rows that were trained on before an interruption. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; left -= CHUNK) await this.take(Math.min(left, CHUNK));
  }

  #count({ rows, rejected, snippetsRun }: Chunk): readonly TrainingRow[] {
    this.#stats.kept += rows.length;
    this.#stats.rejected += rejected;
    this.#stats.snippetsRun += snippetsRun;
    return rows;
  }

  async #makeChunk(chunk: number): Promise<Chunk> {
    const { seed, stage, firstProblem, tasks, sandbox, traceFormat } = this.#options;
    const { mixture, firstStyleShare, snippets } = stage;
    const source = createTaskSource({ ...tasks, seed, split: "train" });
    const plans = Array.from({ length: CHUNK }, (_, i) => {
      const index = chunk * CHUNK + i;
      const stream = new RandomStream(seed, ["cold-start", stage.name, index]);
      const problem = source.problem(firstProblem + index);
      return planTrace(problem, pickTraceKind(mixtureOf(mixture), stream), stream, { firstStyleShare, snippets });
    });
    const codes = plans.flatMap(({ calls }) => calls.map(({ code }) => code));
    const results = await sandbox.runBatch(codes);
    const rows: TrainingRow[] = [];
    let used = 0;
    for (const plan of plans) {
      const feedbacks = results.slice(used, used + plan.calls.length).map(({ feedback, status }) => ({ feedback, ok: status === "ok" }));
      used += plan.calls.length;
      const result = finishTrace(plan, feedbacks, traceFormat);
      if (result.status === "ok") rows.push(this.#encode(result.trace));
    }
    return { rows, rejected: plans.length - rows.length, snippetsRun: codes.length };
  }

  /** Token ids as a rollout would have them: each turn and each output on its own. */
  #encode({ problem, segments }: Trace): TrainingRow {
    const { environment, tokenizer, traceFormat } = this.#options;
    const { encodePrompt, dialect, budgets } = environment;
    const tokenIds = [...encodePrompt(problem.question, problem)];
    const lossMask = new Array<number>(tokenIds.length).fill(0);
    for (const { kind, text } of segments) {
      const ids =
        kind === "model"
          ? tokenizer.encode(text)
          : encodeOutput(text.slice(traceFormat.resultOpen.length, text.length - traceFormat.resultClose.length));
      tokenIds.push(...ids);
      lossMask.push(...new Array<number>(ids.length).fill(kind === "model" ? 1 : 0));
    }
    return { tokenIds, lossMask };

    function encodeOutput(output: string): number[] {
      const pieces = dialect.renderResult(truncateOutput(output, budgets.maxToolOutputChars, budgets.toolOutputCut));
      return pieces.flatMap((piece) => (piece.trusted ? tokenizer.encode(piece.text) : tokenizer.encodeUntrusted(piece.text)));
    }
  }
}

/** Stages and RL read disjoint stretches of the training problems, a hundred million apart. */
export function stageOffset(stages: readonly Pick<SftStage, "name">[], stage: Pick<SftStage, "name">): number {
  return (1 + stages.findIndex(({ name }) => name === stage.name)) * 100_000_000;
}
