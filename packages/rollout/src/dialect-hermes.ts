import { RetoolError } from "@retool-ts/core";
import { CODE_INTERPRETER } from "./code-interpreter.js";
import { breakTags, type CallRequest, type Dialect, type EnvironmentText, type ResultPlace, type TurnAction } from "./dialect.js";
import { isFenced, unfence } from "./fence.js";
import { extractHermesCalls, type HermesCall } from "./hermes-calls.js";

/** Options of {@link hermesDialect}. */
export interface HermesDialectOptions {
  /** False: the policy has no tools, so that `<tool_call>` is text like any other. Default true. */
  readonly hasTools?: boolean;
  /** Calls of one turn that run at once; later ones are dropped. Default 1, as in verl. */
  readonly maxParallelCalls?: number;
  /** A turn without a call that holds this text answers. Default `\boxed{`. */
  readonly answerMarker?: string;
  /** What the model's chat template writes around results (`toolTurnTexts` of `@retool-ts/data` finds it). Default: Qwen2.5's. */
  readonly texts?: HermesTexts;
}

/** Text around the results of one turn: `open` RESULT `between` RESULT `close`. */
export interface HermesTexts {
  /** The token that ends the policy's turn; written by the environment where the turn ended with another. */
  readonly endOfTurn: string;
  readonly open: string;
  readonly between: string;
  readonly close: string;
}

const START = "<|im_start|>";
const END = "<|im_end|>";
const QWEN: HermesTexts = {
  endOfTurn: END,
  open: `\n${START}user\n<tool_response>\n`,
  between: "\n</tool_response>\n<tool_response>\n",
  close: `\n</tool_response>${END}\n${START}assistant\n`,
};
const TAGS = [START, END, "<|endoftext|>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"];

/**
 * The dialect of Hermes and Qwen2.5: a turn calls tools with `<tool_call>` around a JSON object of `name` and `arguments`, and
 * results come back in a user's turn, each in `<tool_response>`, as Qwen2.5's chat template writes them.
 *
 * A turn ends with the token `<|im_end|>`, which has to be among the ids that end a response; there are no stop strings. Sampling
 * ends before the newline that the template has behind it, so the environment writes that newline, and `<|im_end|>` too where a turn
 * ended with another token. The codec's `decode` has to show it. Other models' text around results is an option.
 *
 * Blocks that are no calls are skipped; a turn with no other block is malformed. A name that no tool has is answered by the loop.
 */
export function hermesDialect(options: HermesDialectOptions = {}): Dialect {
  const { hasTools = true, maxParallelCalls = 1, answerMarker = "\\boxed{", texts = QWEN } = options;
  if (!(maxParallelCalls >= 1)) throw new RetoolError("OPTION", `maxParallelCalls: expected a number from 1, got ${maxParallelCalls}`);
  return {
    name: "hermes",
    stopStrings: [],
    parseTurn: (text) => (hasTools ? parseTurn(text, maxParallelCalls, answerMarker) : endOf(text, answerMarker)),
    renderResult: (output, place) => renderResult(output, texts, place),
  };
}

function parseTurn(text: string, maxParallelCalls: number, answerMarker: string): TurnAction {
  const { calls, malformed } = extractHermesCalls(text);
  if (calls.length > 0) return { kind: "calls", calls: calls.slice(0, maxParallelCalls).map(requestOf) };
  if (malformed.length > 0) return { kind: "malformed", reason: `<tool_call>: ${malformed[0]!.reason}` };
  return endOf(text, answerMarker);
}

/** What a turn without a call is. */
function endOf(text: string, answerMarker: string): TurnAction {
  return text.includes(answerMarker) ? { kind: "answer" } : { kind: "none" };
}

function requestOf({ name, arguments: input, kept = [], offset }: HermesCall): CallRequest {
  if (name === CODE_INTERPRETER && typeof input === "object" && input !== null && "code" in input && typeof input.code === "string") {
    const code = isFenced(input.code) ? unfence(input.code) : input.code;
    return { tool: name, input: { ...input, code }, source: code, offset };
  }
  const source = kept.reduce((text, digits) => text.replaceAll(`"${digits}"`, digits), JSON.stringify(input)); // as written
  return { tool: name, input, source, offset };
}

function renderResult(output: string, texts: HermesTexts, place?: ResultPlace): EnvironmentText[] {
  const { index, count, turn } = place ?? { index: 0, count: 1, turn: texts.endOfTurn };
  const ended = turn.endsWith(texts.endOfTurn) ? "" : texts.endOfTurn;
  return [
    { text: index === 0 ? ended + texts.open : texts.between, trusted: true },
    { text: breakTags(output, TAGS), trusted: false },
    ...(index === count - 1 ? [{ text: texts.close, trusted: true }] : []),
  ];
}
