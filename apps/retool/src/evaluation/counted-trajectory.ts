import { createTrajectory, type Segment, type StopReason, type ToolCall, type Trajectory } from "@retool-ts/rollout";

/** Stands for a token whose id the server does not tell. */
const UNKNOWN_ID = -1;

/** A trajectory of which texts and numbers of tokens are known, but no ids: it can be graded and shown, and not learned from. */
export class CountedTrajectory {
  /** Tokens of the prompt, once the server has told them. */
  promptLength = 0;
  readonly #key: { readonly problemId: string; readonly sampleIndex: number };
  readonly #parts: { readonly kind: Segment["kind"]; readonly text: string; readonly tokens: number }[] = [];
  readonly #promptText: string;
  readonly #calls: ToolCall[] = [];
  #turns = 0;
  #responseLength = 0;
  #turnStart = 0;

  constructor(key: { readonly problemId: string; readonly sampleIndex: number }, promptText: string) {
    this.#key = key;
    this.#promptText = promptText;
  }

  get responseLength(): number {
    return this.#responseLength;
  }

  get length(): number {
    return this.promptLength + this.#responseLength;
  }

  get turns(): number {
    return this.#turns;
  }

  get toolCalls(): number {
    return this.#calls.length;
  }

  addTurn(text: string, tokens: number): void {
    this.#turns++;
    this.#turnStart = this.length;
    this.add("model", text, tokens);
  }

  add(kind: "model" | "tool", text: string, tokens: number): void {
    this.#parts.push({ kind, text, tokens });
    this.#responseLength += tokens;
  }

  /** Records a call of the newest turn; it counts from the turn's first token, for its own is not known. */
  addCall(call: Omit<ToolCall, "start">): void {
    this.#calls.push({ ...call, start: this.#turnStart });
  }

  finish(stopReason: StopReason): Trajectory {
    let end = 0;
    const segments = [{ kind: "prompt" as const, text: this.#promptText, tokens: this.promptLength }, ...this.#parts].map(
      ({ kind, text, tokens }): Segment => ({ kind, text, start: end, end: (end += tokens) }),
    );
    const lossMask = new Uint8Array(end);
    for (const { kind, start, end: last } of segments) if (kind === "model") lossMask.fill(1, start, last);
    return createTrajectory({
      problemId: this.#key.problemId,
      sampleIndex: this.#key.sampleIndex,
      tokenIds: new Int32Array(end).fill(UNKNOWN_ID),
      lossMask,
      logProbs: new Float32Array(end),
      promptLength: this.promptLength,
      segments,
      toolCalls: this.#calls,
      stopReason,
      turns: this.#turns,
    });
  }
}
