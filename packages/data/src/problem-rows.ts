import { defined, InputError } from "@retool-ts/core";
import {
  readColumn,
  requireColumn,
  resolveColumns,
  type ColumnPath,
  type Columns,
  type DatasetRow,
  type ResolvedColumns,
} from "./columns.js";
import type { Problem } from "./problem.js";

/**
 * Makes problems from the rows of one dataset; works in a browser.
 *
 * Columns are settled by the first row. An `id` that repeats gets `#2`, `#3` and so on.
 *
 * @param source - name of the dataset; ids of rows that have none are `source:index`.
 * @throws InputError when a row lacks a column, or it holds something else than text or a number.
 */
export async function* problemsFromRows(
  rows: Iterable<DatasetRow> | AsyncIterable<DatasetRow>,
  source: string,
  columns: Columns = {},
): AsyncGenerator<Problem> {
  let resolved: ResolvedColumns | undefined;
  let index = 0;
  const timesSeen = new Map<string, number>();
  for await (const row of rows) {
    resolved ??= resolveColumns(columns, row);
    const id = firstText(row, resolved.id) ?? `${source}:${index}`;
    const times = (timesSeen.get(id) ?? 0) + 1;
    timesSeen.set(id, times);
    yield problemOfRow(row, resolved, source, times === 1 ? id : `${id}#${times}`);
    index++;
  }
}

function problemOfRow(row: DatasetRow, columns: ResolvedColumns, source: string, id: string): Problem {
  const family = firstText(row, columns.family);
  const level = firstLevel(row, columns.level);
  return {
    id,
    question: requiredText(row, columns.question, questionText).trim(),
    answer: finalAnswer(requiredText(row, columns.answer, answerText)),
    source,
    ...defined({ family, level }),
    columns: row.value,
  };
}

function requiredText(row: DatasetRow, path: ColumnPath, textOf: (value: unknown) => string | undefined): string {
  requireColumn(path, row);
  const values = readColumn(row, path);
  const texts = values.map(textOf);
  const bad = texts.indexOf(undefined);
  if (bad < 0) return texts.join(" ");
  const name = typeof path === "string" ? path : path[bad]!;
  const expected = textOf === questionText ? "text or a list of messages with a user's" : "text or a number";
  throw new InputError({
    what: "dataset",
    where: `${row.where}, column ${name}`,
    expected,
    found: describe(values[bad]),
    fix: "correct the row, or name another column with the option columns",
  });
}

/** The text itself, or what the user says last in a list of messages. */
function questionText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const isUserMessage = (message: unknown): message is { content: string } =>
    typeof message === "object" &&
    message !== null &&
    "role" in message &&
    message.role === "user" &&
    "content" in message &&
    typeof message.content === "string";
  return value.findLast(isUserMessage)?.content;
}

function answerText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value)) ? String(value) : undefined;
}

/** GSM8K gives the worked solution, then `#### ` and the number, with commas between thousands. */
function finalAnswer(answer: string): string {
  const marked = /####\s*([^\n]+?)\s*$/.exec(answer)?.[1] ?? /####[ \t]*([-+$]{0,2}[\d.,]*\d%?)[ \t]*\n(?![\s\S]*####)/.exec(answer)?.[1];
  if (marked === undefined) return answer;
  return /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(marked) ? marked.replaceAll(",", "") : marked;
}

function firstText(row: DatasetRow, paths: readonly ColumnPath[]): string | undefined {
  for (const path of paths) {
    const texts = readColumn(row, path).map(answerText);
    if (texts.every((text) => text !== undefined && text !== "")) return texts.join(" ");
  }
  return undefined;
}

/** A number, or a text that ends in one: `3`, `"Level 3"`. */
function firstLevel(row: DatasetRow, paths: readonly ColumnPath[]): number | undefined {
  const digits = /(\d+)$/.exec(firstText(row, paths) ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
