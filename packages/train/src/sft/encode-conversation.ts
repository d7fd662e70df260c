import { InputError } from "@retool-ts/core";
import {
  conversationFault,
  conversationSegments,
  convertReToolRow,
  hermesCallText,
  type ChatMessage,
  type DatasetRow,
  type TextSegment,
  type Tokenizer,
} from "@retool-ts/data";
import { truncateOutput } from "@retool-ts/rollout";
import type { TrainingRow } from "@retool-ts/engine";
import type { Environment } from "@retool-ts/evaluate";
import { readConversation } from "./read-conversation.js";

/** Parts of the environment that decide a row's tokens. */
export interface RowEnvironment extends Pick<Environment, "dialect" | "budgets" | "encodePrompt"> {
  /** The end of the model's turn, which is learned; empty where tags do it. */
  readonly endOfTurn: string;
}

const MARKER = "*user question:*";

/**
 * A conversation as the ids that a rollout of it would have: the config's own prompt around the question, each turn and each output on its
 * own, outputs as the environment writes them. Only what the model wrote is learned. Rows of ReTool-SFT are converted to the dialect.
 *
 * @throws InputError when the conversation is in the other dialect, or has more than a question and its answer.
 */
export function encodeConversation(row: DatasetRow, environment: RowEnvironment, tokenizer: Tokenizer): TrainingRow {
  const { dialect, budgets, encodePrompt } = environment;
  const [user, ...answers] = questionFirst(row, dialect.name === "hermes" ? "hermes" : "xml");
  const tokenIds = [...encodePrompt(questionOf(user.content ?? ""))];
  const lossMask = new Array<number>(tokenIds.length).fill(0);
  const add = (ids: readonly number[], mask: 0 | 1) => {
    tokenIds.push(...ids);
    lossMask.push(...new Array<number>(ids.length).fill(mask));
  };
  const turns = (dialect.name === "hermes" ? hermesTurns : xmlTurns)(answers, row.where, environment.endOfTurn);
  for (const { kind, text } of turns) {
    if (kind === "model") add(tokenizer.encode(text), 1);
    else {
      for (const piece of dialect.renderResult(truncateOutput(text, budgets.maxToolOutputChars, budgets.toolOutputCut))) {
        add(piece.trusted ? tokenizer.encode(piece.text) : tokenizer.encodeUntrusted(piece.text), 0);
      }
    }
  }
  return { tokenIds, lossMask };
}

/** Texts of the model, and bare outputs of the tool. */
interface Turn {
  readonly kind: "model" | "tool";
  readonly text: string;
}

function questionFirst(row: DatasetRow, dialect: "xml" | "hermes"): readonly [ChatMessage, ...ChatMessage[]] {
  const read = readConversation(row);
  const isReToolSft = read.length === 2 && (read[0]!.content ?? "").includes(MARKER) && /<answer>/.test(read[1]!.content ?? "");
  const [user, ...answers] = isReToolSft ? convertReToolRow(row.value, { dialect, where: row.where }) : read;
  const fault = isReToolSft ? undefined : conversationFault(read, { dialect, kept: row.kept });
  if (fault) throw refuse(row.where, fault.expected, fault.found, "correct the row, or set source.onBad to leave-out");
  if (user?.role === "user" && answers.length > 0 && answers.every(({ role }) => role === "assistant" || role === "tool")) {
    return [user, ...answers];
  }
  const found = read.map(({ role }) => role).join(", ");
  throw refuse(
    row.where,
    "a user's question, then messages of assistant and tool",
    found,
    "leave other messages out; prompt.system has the system's",
  );
}

/** The question in a user's message; of a row of ReTool-SFT, without the instructions before it. */
export function questionOf(content: string): string {
  const marker = content.indexOf(MARKER);
  return marker < 0 ? content : content.slice(marker + MARKER.length).trim();
}

function xmlTurns(answers: readonly ChatMessage[], where: string, endOfTurn: string): Turn[] {
  if (answers.length !== 1 || (answers[0]!.tool_calls ?? []).length > 0)
    throw otherDialect(where, "one response with tags", "tool calls", "xml");
  const turns: Turn[] = [];
  let output: string | undefined;
  for (const { kind, text, trusted } of conversationSegments(answers) satisfies TextSegment[]) {
    if (kind === "model") turns.push({ kind, text });
    else if (trusted !== true) output = text;
    else if (text.includes("</interpreter>")) {
      turns.push({ kind: "tool", text: (output ?? "").replace(/\n$/, "") });
      output = undefined;
    }
  }
  const last = (turns.at(-1)?.text ?? "").trimEnd();
  if (last.endsWith("</answer>")) return [...turns.slice(0, -1), { kind: "model", text: last + endOfTurn }];
  throw refuse(
    where,
    "a response that ends with </answer>, or the policy would not learn to state its answer",
    JSON.stringify(last.slice(-40)),
    "put the answer into its tag",
  );
}

function hermesTurns(answers: readonly ChatMessage[], where: string, endOfTurn: string): Turn[] {
  return answers.flatMap(({ role, content, tool_calls }): Turn[] => {
    if (role === "tool") return [{ kind: "tool", text: content ?? "" }];
    if (/<code>[\s\S]*<interpreter>/.test(content ?? "")) throw otherDialect(where, "tool calls", "a response with tags", "hermes");
    const calls = tool_calls ?? [];
    if (calls.length > 1) throw refuse(where, "one call a message", String(calls.length), "split the message, or leave the row out");
    const before = content === null || content === "" || calls.length === 0 ? (content ?? "") : `${content}\n`;
    return [{ kind: "model", text: before + calls.map(hermesCallText).join("") + endOfTurn }];
  });
}

function otherDialect(where: string, expected: string, found: string, dialect: string): InputError {
  return refuse(
    where,
    `${expected}, as dialect.name: ${dialect} has them`,
    found,
    `write the file with --dialect ${dialect}, or set dialect.name`,
  );
}

function refuse(where: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "conversation", where, expected, found, fix });
}
