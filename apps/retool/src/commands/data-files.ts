import { InputError, RetoolError } from "@retool-ts/core";
import { convertReToolRow, type ConversationDialect } from "@retool-ts/data";
import { loadTokenizer, streamRows } from "@retool-ts/data/node";
import { writeFileAtomic } from "@retool-ts/runs";
import type { CliContext } from "../shell/cli-context.js";
import { readConversation, type Conversation } from "@retool-ts/train";
import { measureConversations, type Spread } from "../data-build/conversation-stats.js";
import { describeOverlap, overlapsWith } from "../data-build/file-overlap.js";
import { localDataset } from "../setup/hub-files.js";
import { formatTable } from "../shell/text-table.js";

/** Options of `retool data convert`. */
export interface ConvertOptions {
  readonly dialect: ConversationDialect;
  /** Counts refused rows without naming them. */
  readonly quiet?: boolean;
}

/** Options of `retool data stats`. */
export interface StatsOptions {
  readonly tokenizer?: string;
  readonly json?: boolean;
  /** Files whose questions are looked for in it. */
  readonly against?: readonly string[];
}

/** Refused rows that are named; the others are counted. */
const NAMED_ROWS = 5;

/**
 * Converts rows of ReTool-SFT; rows that cannot be converted are counted, named on stderr and left out.
 *
 * @throws InputError when a file cannot be read, or no row can be converted.
 */
export async function convertData(
  input: string,
  output: string,
  { dialect, quiet = false }: ConvertOptions,
  { print, reporter, signal }: CliContext,
): Promise<void> {
  const lines: string[] = [];
  const refused: RetoolError[] = [];
  for await (const { value, where } of streamRows(await localDataset(input, { reporter, signal }))) {
    signal.throwIfAborted();
    try {
      lines.push(`${JSON.stringify({ messages: convertReToolRow(value, { dialect, where }) })}\n`);
    } catch (error) {
      if (!RetoolError.isInstance(error)) throw error;
      refused.push(error);
    }
  }
  for (const { message } of quiet ? [] : refused.slice(0, NAMED_ROWS)) reporter.say(message);
  if (!quiet && refused.length > NAMED_ROWS) reporter.say(`… and ${refused.length - NAMED_ROWS} more`);
  if (lines.length === 0) {
    throw new InputError({
      what: "dataset",
      where: input,
      expected: "rows of ReTool-SFT",
      found: refused[0] === undefined ? "no rows" : `${refused.length} that cannot be converted`,
      fix: "give a file whose column messages holds a user's prompt and one response with tags",
    });
  }
  await writeFileAtomic(output, lines.join(""));
  print(`${lines.length} of ${lines.length + refused.length} rows written to ${output}, ${refused.length} refused`);
}

/**
 * Prints measures of a file of conversations.
 *
 * @throws InputError when there are no rows, or one has no messages.
 */
export async function dataStats(
  file: string,
  { tokenizer: folder, json = false, against = [] }: StatsOptions,
  context: CliContext,
): Promise<void> {
  const tokenizer = folder === undefined ? undefined : await loadTokenizer(folder);
  const length = (text: string) => (tokenizer === undefined ? Array.from(text).length : tokenizer.encodeUntrusted(text).length);
  const conversations: Conversation[] = [];
  for await (const row of streamRows(await localDataset(file, context))) {
    context.signal.throwIfAborted();
    conversations.push(readConversation(row));
  }
  if (conversations.length === 0) {
    const problem = { what: "dataset", where: file, expected: "at least one row", found: "none" };
    throw new InputError({ ...problem, fix: "give a file of conversations" });
  }
  const stats = measureConversations(conversations, length);
  const unit = tokenizer === undefined ? "characters" : "tokens";
  const overlaps = await overlapsWith(conversations, against, context);
  if (json) {
    context.print(JSON.stringify({ unit, ...stats, ...(against.length > 0 && { overlaps }) }, null, 2));
    return;
  }
  const spread = (name: string, { mean, median, p95, max }: Spread) => [name, ...[mean, median, p95, max].map(rounded)];
  context.print(
    formatTable([
      [`${stats.rows} rows`, "mean", "median", "95 %", "longest"],
      spread(`prompt, ${unit}`, stats.promptLength),
      spread(`response, ${unit}`, stats.responseLength),
      spread("calls per row", stats.calls),
      spread("lines per call", stats.codeLines),
    ]),
  );
  context.print(`${percent(stats.codeShare)} of the rows call a tool`);
  context.print(`${percent(stats.learnedShare)} of all ${unit} are learned; prompts and tool output are masked`);
  for (const line of overlaps.map(describeOverlap)) context.print(line);
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
