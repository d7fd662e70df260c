import { readFileSync } from "node:fs";
import { corpus, createTokenizer, trainBpe, TINY_SPLIT, type Tokenizer } from "@retool-ts/data";
import type { Sampler, TurnRequest, TurnTokens } from "@retool-ts/engine";
import { hermesFormat, serveOpenAI, type OpenAIServer, type ServeOptions } from "../src/index.js";

/** Qwen2.5's chat format. */
export const QWEN = readFileSync(new URL("../../data/test/fixtures/qwen25-chat-template.jinja", import.meta.url), "utf8");
const SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"];

export const tokenizer: Tokenizer = createTokenizer(
  trainBpe([...corpus(200), '{"name": "lookup", "arguments": {"key": "b"}}', "Hello, world! How are you? Grüße, 日本 🎉"], {
    vocabSize: 500,
    splitPattern: TINY_SPLIT,
    specialTokens: SPECIAL,
  }),
);
export const END = tokenizer.tokenToId("<|im_end|>")!;

/** One decode, as it was asked for and answered. */
export interface Decoded {
  readonly promptIds: readonly number[];
  readonly turn: TurnTokens;
  readonly uniform: TurnRequest["uniform"];
}

/** Text of a reply by the text before it and the number of the call; what it says of the end is added to the ids. */
export type Script = (prompt: string, call: number) => string;

/** A sampler whose replies are written beforehand: a token each turn of the event loop, with the ids that the tokenizer gives. */
export class ScriptedSampler implements Sampler {
  readonly maxLength: number;
  readonly decoded: Decoded[] = [];
  /** Tokens of all sequences that are open. */
  readonly open_ = new Map<number, number[]>();
  readonly #script: Script;
  readonly #size: number;
  #next = 0;
  #calls = 0;
  /** Tokens that prompts and forks had to compute. */
  computed = 0;
  /** Makes replies wait while it is set. */
  hold: Promise<void> | undefined;

  constructor(script: Script, { size = 16, maxLength = 4_096 }: { readonly size?: number; readonly maxLength?: number } = {}) {
    this.#script = script;
    this.#size = size;
    this.maxLength = maxLength;
  }

  get available(): number {
    return this.#size - this.open_.size;
  }

  open(tokenIds: readonly number[]): number {
    if (this.available === 0) throw new Error("no free sequence");
    this.open_.set(this.#next, [...tokenIds]);
    this.computed += tokenIds.length;
    return this.#next++;
  }

  async prefill(): Promise<void> {}

  fork(sequence: number): number {
    return this.forkAt(sequence, this.#tokens(sequence).length);
  }

  forkAt(sequence: number, length: number): number {
    const copy = this.open(this.#tokens(sequence).slice(0, length));
    this.computed -= length;
    return copy;
  }

  extend(sequence: number, tokenIds: readonly number[]): void {
    this.#tokens(sequence).push(...tokenIds);
    this.computed += tokenIds.length;
  }

  close(sequence: number): void {
    this.#tokens(sequence);
    this.open_.delete(sequence);
  }

  async decode(sequence: number, request: TurnRequest): Promise<TurnTokens> {
    const tokens = this.#tokens(sequence);
    const promptIds = [...tokens];
    const script = this.#script(tokenizer.decode(promptIds), this.#calls++);
    const ids = [...tokenizer.encode(script), END];
    const [tokenIds, logProbs]: [number[], number[]] = [[], []];
    let text = "";
    const ended = (finish: TurnTokens["finish"], stopString?: string): TurnTokens => {
      const turn = { tokenIds, logProbs, finish, ...(stopString !== undefined && { stopString }) };
      this.decoded.push({ promptIds, turn, uniform: request.uniform });
      return turn;
    };
    for (;;) {
      await this.hold;
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (request.signal?.aborted === true || !this.open_.has(sequence)) return ended("aborted");
      if (tokens.length >= this.maxLength) return ended("full");
      if (tokenIds.length >= request.maxTokens) return ended("length");
      const id = ids[tokenIds.length]!;
      const logProb = -0.01 - request.uniform(tokens.length);
      tokens.push(id);
      tokenIds.push(id);
      logProbs.push(logProb);
      request.onToken?.(id, logProb);
      text += tokenizer.decode([id]);
      const stop = request.stopStrings?.find((each) => text.includes(each));
      if (stop !== undefined) return ended("stop", stop);
      if (request.stopTokenIds?.includes(id) === true) return ended("stop");
    }
  }

  #tokens(sequence: number): number[] {
    const tokens = this.open_.get(sequence);
    if (tokens === undefined) throw new Error(`sequence ${sequence} is not open`);
    return tokens;
  }
}

/** A server over a script. */
export async function scriptedServer(
  script: Script,
  {
    sampler: samplerOptions,
    ...options
  }: Partial<Omit<ServeOptions, "sampler">> & { readonly sampler?: { readonly size?: number; readonly maxLength?: number } } = {},
): Promise<{ readonly server: OpenAIServer; readonly sampler: ScriptedSampler }> {
  const sampler = new ScriptedSampler(script, samplerOptions);
  const server = await serveOpenAI({
    sampler,
    tokenizer,
    eosTokenIds: [END],
    format: hermesFormat(QWEN),
    modelName: "scripted",
    port: 0,
    ...options,
  });
  return { server, sampler };
}

/** Posts JSON. */
export async function post(url: string, body: unknown, init: RequestInit = {}): Promise<{ readonly status: number; readonly body: never }> {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
    ...init,
  });
  return { status: response.status, body: (await response.json()) as never };
}

/** A call as Hermes models write it. */
export function call(name: string, input: unknown): string {
  return `<tool_call>\n${JSON.stringify({ name, arguments: input })}\n</tool_call>`;
}
