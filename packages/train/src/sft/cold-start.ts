import { RandomStream } from "@retool-ts/core";
import {
  createTaskSource,
  finishTrace,
  mixtures,
  pickTraceKind,
  planTrace,
  type Tokenizer,
  type Trace,
  type TraceFormat,
} from "@retool-ts/data";
import { truncateMiddle } from "@retool-ts/rollout";
import type { TrainingRow } from "@retool-ts/policy";
import type { Environment } from "../../../../apps/retool/src/setup/create-environment.js";
import type { RecipeConfig, SftStage } from "../../../../apps/retool/src/config/recipe-config.js";
import type { RowStream } from "./row-stream.js";

/** Traces made ahead at once: large enough to keep the sandbox busy while the model trains. */
const CHUNK = 512;

/** First chunk of the held-out rows: in the middle of a stage's stretch of problems. */
const HELD_OUT_CHUNK = Math.floor(50_000_000 / CHUNK);

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
  readonly #config: RecipeConfig;
  readonly #stage: SftStage;
  readonly #environment: Environment;
  readonly #tokenizer: Tokenizer;
  readonly #format: TraceFormat;
  #ready: TrainingRow[] = [];
  #chunk = 0;
  #next: Promise<Chunk> | undefined;
  #stats = { kept: 0, rejected: 0, snippetsRun: 0 };

  constructor(config: RecipeConfig, stage: SftStage, environment: Environment, tokenizer: Tokenizer) {
    this.#config = config;
    this.#stage = stage;
    this.#environment = environment;
    this.#tokenizer = tokenizer;
    this.#format = environment.traceFormat;
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
    const { seed, data } = this.#config;
    const { mixture, firstStyleShare, snippets } = this.#stage;
    const generated = data.train.kind === "generated" ? data.train : undefined;
    const source = createTaskSource({
      seed,
      split: "train",
      ...(generated === undefined ? {} : { levelWeights: generated.levelWeights, wordings: generated.wordings }),
      ...(generated?.families ? { families: generated.families } : {}),
    });
    const plans = Array.from({ length: CHUNK }, (_, i) => {
      const index = chunk * CHUNK + i;
      const stream = new RandomStream(seed, ["cold-start", this.#stage.name, index]);
      // Each stage reads its own stretch of the problem stream.
      const problem = source.problem(stageOffset(this.#config, this.#stage) + index);
      return planTrace(problem, pickTraceKind(mixtures[mixture], stream), stream, { firstStyleShare, snippets });
    });
    const codes = plans.flatMap(({ calls }) => calls.map(({ code }) => code));
    const results = await this.#environment.sandbox.runBatch(codes);
    const rows: TrainingRow[] = [];
    let used = 0;
    for (const plan of plans) {
      const feedbacks = results.slice(used, used + plan.calls.length).map(({ feedback, status }) => ({ feedback, ok: status === "ok" }));
      used += plan.calls.length;
      const result = finishTrace(plan, feedbacks, this.#format);
      if (result.status === "ok") rows.push(this.#encode(result.trace));
    }
    return { rows, rejected: plans.length - rows.length, snippetsRun: codes.length };
  }

  /** Token ids as a rollout would have them: each turn and each output on its own. */
  #encode({ problem, segments }: Trace): TrainingRow {
    const { encodePrompt, dialect, budgets } = this.#environment;
    const tokenizer = this.#tokenizer;
    const tokenIds = encodePrompt(problem.question);
    const lossMask = new Array<number>(tokenIds.length).fill(0);
    for (const { kind, text } of segments) {
      const ids = kind === "model" ? tokenizer.encode(text) : encodeOutput(this.#output(text));
      tokenIds.push(...ids);
      lossMask.push(...new Array<number>(ids.length).fill(kind === "model" ? 1 : 0));
    }
    return { tokenIds, lossMask };

    function encodeOutput(output: string): number[] {
      const pieces = dialect.renderResult(truncateMiddle(output, budgets.maxToolOutputChars));
      return pieces.flatMap((piece) => (piece.trusted ? tokenizer.encode(piece.text) : tokenizer.encodeUntrusted(piece.text)));
    }
  }

  #output(text: string): string {
    return text.slice(this.#format.resultOpen.length, text.length - this.#format.resultClose.length);
  }
}

/** Stages and RL read disjoint stretches of the training problems, a hundred million apart. */
export function stageOffset({ sft }: RecipeConfig, stage: SftStage): number {
  return (1 + sft.stages.findIndex(({ name }) => name === stage.name)) * 100_000_000;
}
