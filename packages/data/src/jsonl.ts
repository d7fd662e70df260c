import { defined, InputError, parseExactJson, type ExactJson } from "@retool-ts/core";
import type { DatasetRow } from "./columns.js";
import { jsonTree, memberOf, pythonJson } from "./python-json.js";

/**
 * Parses JSON Lines, one object a line; blank lines are passed over.
 *
 * @param file - names the file in messages.
 * @throws InputError with the number of the line that is no JSON object.
 */
export async function* jsonlRows(lines: Iterable<string> | AsyncIterable<string>, file: string): AsyncGenerator<DatasetRow> {
  let number = 0;
  for await (const line of lines) {
    number++;
    const text = number === 1 ? line.replace(/^\ufeff/, "") : line;
    if (text.trim() === "") continue;
    const where = `${file}: line ${number}`;
    const { value, kept } = parse(text, where, "correct or remove the line; every line must be one whole JSON object");
    yield { value: asRow(value, where), where, ...(kept.length > 0 && { kept }), ...(hasCalls(text) && { text }) };
  }
}

/**
 * Parses a JSON file that is one list of objects.
 *
 * @throws InputError when it is something else.
 */
export function jsonRows(text: string, file: string): DatasetRow[] {
  const { value, kept } = parse(text.replace(/^\ufeff/, ""), file, "correct the file; if it has one object a line, name it .jsonl");
  if (!Array.isArray(value))
    throw refuse(file, "a list of objects", kindOf(value), "put the rows into a list, or one a line into a .jsonl file");
  const rows = hasCalls(text) ? jsonTree(text) : undefined;
  return value.map((row: unknown, index) => {
    const where = `${file}: row ${index + 1}`;
    const tree = rows && memberOf(rows, [index]);
    return { value: asRow(row, where), where, ...(kept.length > 0 && { kept }), ...(tree && { text: pythonJson(tree) }) };
  });
}

function hasCalls(text: string): boolean {
  return text.includes('"tool_calls"');
}

function parse(text: string, where: string, fix: string): ExactJson {
  try {
    return parseExactJson(text);
  } catch (cause) {
    throw refuse(where, "JSON", cause instanceof Error ? cause.message : String(cause), fix, cause);
  }
}

function asRow(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse(where, "an object with columns", kindOf(value), 'write the row as {"question": ..., "answer": ...}');
  }
  return value as Record<string, unknown>;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "one object" : `a ${typeof value}`;
}

function refuse(where: string, expected: string, found: string, fix: string, cause?: unknown): InputError {
  return new InputError({ what: "dataset", where, expected, found, fix }, defined({ cause }));
}
