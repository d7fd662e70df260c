import type { TurnTokens } from "@retool-ts/engine";
import { assertSameLength } from "@retool-ts/core";
import type { TextCodec } from "./text-codec.js";
import { createTrajectory, type Segment, type StopReason, type ToolCall, type Trajectory } from "./trajectory.js";

/** Grows one trajectory; all parallel arrays grow together. */
export class TrajectoryBuilder {
  readonly #key: { readonly problemId: string; readonly sampleIndex: number };
  readonly #codec: TextCodec;
  readonly #promptLength: number;
  readonly #tokenIds: number[] = [];
  readonly #lossMask: number[] = [];
  readonly #logProbs: number[] = [];
  readonly #segments: Segment[] = [];
  readonly #toolCalls: ToolCall[] = [];
  #turns = 0;

  constructor(key: { readonly problemId: string; readonly sampleIndex: number }, promptIds: readonly number[], codec: TextCodec) {
    this.#key = key;
    this.#codec = codec;
    this.#promptLength = promptIds.length;
    this.#add("prompt", promptIds, undefined, codec.decode(promptIds));
  }

  get length(): number {
    return this.#tokenIds.length;
  }

  get responseLength(): number {
    return this.#tokenIds.length - this.#promptLength;
  }

  get turns(): number {
    return this.#turns;
  }

  get toolCalls(): number {
    return this.#toolCalls.length;
  }

  /**
   * Adds what the policy wrote; returns its text.
   *
   * @throws ShapeError when the sampler gave more or fewer log-probabilities than tokens.
   */
  addModelTurn({ tokenIds, logProbs }: TurnTokens): string {
    assertSameLength({ tokenIds, logProbs });
    this.#turns++;
    const text = this.#codec.decode(tokenIds);
    if (tokenIds.length > 0) this.#add("model", tokenIds, logProbs, text);
    return text;
  }

  /** Records a call made by the newest turn, whose text it begins at `offset`. */
  addCall(call: Omit<ToolCall, "start">, offset: number): void {
    this.#toolCalls.push({ ...call, start: this.#tokenAt(this.#segments.at(-1)!, offset) });
  }

  addToolOutput(tokenIds: readonly number[], text: string): void {
    this.#add("tool", tokenIds, undefined, text);
  }

  finish(stopReason: StopReason): Trajectory {
    return createTrajectory({
      problemId: this.#key.problemId,
      sampleIndex: this.#key.sampleIndex,
      tokenIds: Int32Array.from(this.#tokenIds),
      lossMask: Uint8Array.from(this.#lossMask),
      logProbs: Float32Array.from(this.#logProbs),
      promptLength: this.#promptLength,
      segments: this.#segments,
      toolCalls: this.#toolCalls,
      stopReason,
      turns: this.#turns,
    });
  }

  /** The token that holds a character of a segment's text: the last one before which no more than `offset` characters are decoded. */
  #tokenAt({ start, end }: Segment, offset: number): number {
    let low = start;
    let high = end - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#codec.decode(this.#tokenIds.slice(start, middle)).length <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #add(kind: Segment["kind"], tokenIds: readonly number[], logProbs: readonly number[] | undefined, text: string): void {
    const start = this.#tokenIds.length;
    tokenIds.forEach((id, i) => {
      this.#tokenIds.push(id);
      this.#lossMask.push(kind === "model" ? 1 : 0);
      this.#logProbs.push(logProbs?.[i] ?? 0);
    });
    this.#segments.push({ kind, start, end: this.#tokenIds.length, text });
  }
}
