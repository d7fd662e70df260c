import type { Sampler, TurnRequest, TurnTokens } from "@retool-ts/engine";
import { codec } from "./scripted-codec.js";

/** What a script may look at when it chooses the next token. */
export interface ScriptState {
  /** Position of the sequence in the order in which they were opened, forks included. */
  readonly sequence: number;
  readonly promptIds: readonly number[];
  /** Decodes of this sequence before this one. */
  readonly turn: number;
  /** Tokens of this turn so far. */
  readonly index: number;
  /** A uniform random number for this token. */
  readonly noise: number;
}

/** Chooses a token, or throws. */
export type Script = (state: ScriptState) => number;

/** Plays turns, one list of ids a turn; the same for every sequence. */
export function play(...turns: readonly (readonly number[])[]): Script {
  return ({ turn, index }) => {
    const id = turns[turn]?.[index];
    if (id === undefined) throw new Error(`the script has no token ${index} in turn ${turn}`);
    return id;
  };
}

/** Each prompt chooses its own turns by its text. */
export function playByPrompt(scripts: Readonly<Record<string, readonly (readonly number[])[]>>): Script {
  return (state) => play(...scripts[codec.decode(state.promptIds)]!)(state);
}

interface Row {
  readonly order: number;
  readonly promptIds: readonly number[];
  readonly tokenIds: number[];
  turn: number;
}

export interface ScriptedSamplerOptions {
  readonly maxLength?: number;
  readonly capacity?: number;
}

/** A sampler without a model. It gives one token a macrotask to each row that decodes, and records all that it is asked. */
export class ScriptedSampler implements Sampler {
  readonly maxLength: number;
  /** What happened, in order; `token` names the row. */
  readonly log: (
    | { readonly kind: "token" | "fork" | "close"; readonly order: number }
    | { readonly kind: "open"; readonly order: number; readonly tokens: number }
    | { readonly kind: "extend"; readonly order: number; readonly tokenIds: readonly number[] }
    | { readonly kind: "prefill"; readonly orders: readonly number[] }
  )[] = [];
  /** All that was sampled, as it was handed out. */
  readonly turns: { readonly order: number; readonly request: TurnRequest; readonly result: TurnTokens }[] = [];
  readonly #script: Script;
  readonly #capacity: number;
  readonly #rows = new Map<number, Row>();
  #opened = 0;

  constructor(script: Script, { maxLength = 10_000, capacity = 64 }: ScriptedSamplerOptions = {}) {
    this.#script = script;
    this.maxLength = maxLength;
    this.#capacity = capacity;
  }

  get available(): number {
    return this.#capacity - this.#rows.size;
  }

  /** Sequences that nobody closed. */
  get openSequences(): number {
    return this.#rows.size;
  }

  open(tokenIds: readonly number[]): number {
    const order = this.#add(tokenIds);
    this.log.push({ kind: "open", order, tokens: tokenIds.length });
    return handleOf(order);
  }

  async prefill(sequences: readonly number[]): Promise<void> {
    await nextTick();
    this.log.push({ kind: "prefill", orders: sequences.map((sequence) => this.#row(sequence).order) });
  }

  fork(sequence: number): number {
    const order = this.#add(this.#row(sequence).tokenIds);
    this.log.push({ kind: "fork", order });
    return handleOf(order);
  }

  extend(sequence: number, tokenIds: readonly number[]): void {
    const row = this.#row(sequence);
    row.tokenIds.push(...tokenIds);
    this.log.push({ kind: "extend", order: row.order, tokenIds: [...tokenIds] });
  }

  async decode(sequence: number, request: TurnRequest): Promise<TurnTokens> {
    const row = this.#row(sequence);
    const tokenIds: number[] = [...(request.begun?.tokenIds ?? [])];
    const logProbs: number[] = [...(request.begun?.logProbs ?? [])];
    row.tokenIds.push(...tokenIds);
    const done = (finish: TurnTokens["finish"], stopString?: string): TurnTokens => {
      const result = { tokenIds, logProbs, finish, ...(stopString === undefined ? {} : { stopString }) };
      this.turns.push({ order: row.order, request, result });
      row.turn++;
      return result;
    };
    for (;;) {
      await nextTick();
      if (request.signal?.aborted) return done("aborted");
      if (row.tokenIds.length >= this.maxLength) return done("full");
      if (tokenIds.length >= request.maxTokens) return done("length");
      const noise = request.uniform(row.tokenIds.length);
      const id = this.#script({ sequence: row.order, promptIds: row.promptIds, turn: row.turn, index: tokenIds.length, noise });
      row.tokenIds.push(id);
      tokenIds.push(id);
      logProbs.push(logProbOf(id, row.tokenIds.length));
      request.onToken?.(id, logProbs.at(-1)!);
      this.log.push({ kind: "token", order: row.order });
      const text = codec.decode(tokenIds);
      const stop = request.stopStrings?.find((candidate) => text.includes(candidate));
      if (stop !== undefined || request.stopTokenIds?.includes(id)) return done("stop", stop);
    }
  }

  close(sequence: number): void {
    const row = this.#row(sequence);
    this.log.push({ kind: "close", order: row.order });
    this.#rows.delete(sequence);
  }

  #add(tokenIds: readonly number[]): number {
    if (this.available === 0) throw new Error("all sequences are in use");
    const order = this.#opened++;
    this.#rows.set(handleOf(order), { order, promptIds: [...tokenIds], tokenIds: [...tokenIds], turn: 0 });
    return order;
  }

  #row(sequence: number): Row {
    const row = this.#rows.get(sequence);
    if (row === undefined) throw new Error(`sequence ${sequence} is not open`);
    return row;
  }
}

/** Handles are not indices, so that a mix-up shows. */
function handleOf(order: number): number {
  return 1_000 + 7 * order;
}

/** Some negative number that a 32-bit float holds exactly, different from token to token. */
function logProbOf(id: number, length: number): number {
  return -(1 + ((id * 31 + length * 17) % 64)) / 64;
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
