import { InputError, RandomStream } from "@retool-ts/core";
import type { DatasetRow, Tokenizer } from "@retool-ts/data";
import type { TrainingRow } from "@retool-ts/engine";
import type { Reporter } from "../reporter.js";
import { encodeConversation, type RowEnvironment } from "./encode-conversation.js";
import { EpochRows } from "./epoch-rows.js";
import type { RowStream } from "./row-stream.js";
import type { ConversationSource, SftStage } from "./sft-config.js";

/** Inputs of {@link ConversationStream.open}. */
export interface ConversationOptions {
  /** Rows of the file, in order. */
  readonly rows: AsyncIterable<DatasetRow>;
  readonly seed: number;
  readonly stage: Pick<SftStage, "name" | "batchSize">;
  readonly source: ConversationSource;
  /** Rows to keep out of training. */
  readonly heldOut: number;
  readonly environment: RowEnvironment;
  readonly tokenizer: Tokenizer;
  /** Longest sequence that the model takes. */
  readonly maxPositions: number;
  readonly reporter?: Pick<Reporter, "say">;
}

/** Rows of a file of conversations. */
export class ConversationStream implements RowStream {
  readonly #rows: EpochRows;
  readonly #heldOut: readonly TrainingRow[];
  readonly #summary: string;

  private constructor(rows: readonly TrainingRow[], heldOut: readonly TrainingRow[], batchSize: number, seed: number, summary: string) {
    this.#rows = new EpochRows(rows, batchSize, seed);
    this.#heldOut = heldOut;
    this.#summary = summary;
  }

  /**
   * Encodes all rows. Those that are held out are the same ones whatever else is set.
   *
   * @throws InputError when a row cannot be read, is too long and may not be left out, or too few rows are left for a batch.
   */
  static async open(options: ConversationOptions): Promise<ConversationStream> {
    const { seed, stage, source, environment, tokenizer, maxPositions, reporter } = options;
    const limit = Math.min(source.maxTokens, maxPositions);
    const fitting: TrainingRow[] = [];
    let left = 0;
    const bad: string[] = [];
    for await (const row of options.rows) {
      const encoded = encodedOr(source.onBad, bad, () => encodeConversation(row, environment, tokenizer));
      if (encoded === undefined) continue;
      const { length } = encoded.tokenIds;
      if (length <= limit) fitting.push(encoded);
      else if (source.tooLong === "leave-out") left++;
      else {
        const fix = "raise source.maxTokens as far as the model goes, or set source.tooLong to leave-out";
        throw refuse(row.where, `at most ${limit} tokens`, String(length), fix);
      }
    }
    const shuffled = new RandomStream(seed, ["sft-held-out", source.path]).shuffle(fitting);
    const heldOut = shuffled.slice(0, options.heldOut);
    const rows = shuffled.slice(heldOut.length);
    if (rows.length < stage.batchSize) {
      const broken = bad.length === 0 ? "" : ` and ${bad.length} broken, the first: ${bad[0]}`;
      const found = `${rows.length}, beside ${heldOut.length} held out and ${left} too long${broken}`;
      throw refuse(
        source.path,
        `at least ${stage.batchSize} rows, a batch`,
        found,
        "give a larger file, or lower batchSize or sft.evalRows",
      );
    }
    const longest = fitting.reduce((most, { tokenIds }) => Math.max(most, tokenIds.length), 0);
    if (bad.length > 0) reporter?.say(`${stage.name}: ${bad.length} broken conversations left out, the first: ${bad[0]}`);
    const summary = `${rows.length} rows of ${source.path}, the longest of ${longest} tokens; ${left} longer than ${limit} left out${bad.length > 0 ? `, ${bad.length} broken left out` : ""}, ${heldOut.length} held out`;
    reporter?.say(`${stage.name}: ${summary}`);
    return new ConversationStream(rows, heldOut, stage.batchSize, seed, summary);
  }

  async take(count: number): Promise<TrainingRow[]> {
    return this.#rows.take(count);
  }

  async skip(count: number): Promise<void> {
    this.#rows.skip(count);
  }

  async heldOut(count: number): Promise<TrainingRow[]> {
    return this.#heldOut.slice(0, count);
  }

  describe(): string {
    return this.#summary;
  }
}

/** A row, or undefined for a broken one that may be left out. */
function encodedOr(onBad: ConversationSource["onBad"], bad: string[], encode: () => TrainingRow): TrainingRow | undefined {
  try {
    return encode();
  } catch (error) {
    if (onBad === "refuse" || !(error instanceof InputError)) throw error;
    bad.push(error.message);
    return undefined;
  }
}

function refuse(where: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "conversations", where, expected, found, fix });
}
