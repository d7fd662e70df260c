import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { InputError } from "@retool-ts/core";
import { asyncBufferFromFile } from "hyparquet";
import type { Columns, DatasetRow } from "./columns.js";
import { datasetFiles, STANDARD_INPUT } from "./dataset-files.js";
import { jsonlRows, jsonRows } from "./jsonl.js";
import { textLines } from "./text-lines.js";
import { parquetRows } from "./parquet.js";
import { problemsFromRows } from "./problem-rows.js";
import type { Problem } from "./problem.js";

/** Options of {@link loadProblems}. */
export interface LoadProblemsOptions {
  /** Columns to read, where the usual names do not tell. */
  readonly columns?: Columns;
  /** Number of problems after which reading stops. */
  readonly limit?: number;
}

/**
 * Reads problems from a `.jsonl`, `.json` (one list) or `.parquet` file, or from all of them in a folder, by name.
 *
 * Understands the columns of the common datasets, among them GSM8K, MATH, AIME, SVAMP and verl's RL format; others are
 * named with `columns`. Numbers become text (27.0 is `"27"`), GSM8K's worked answers their last number.
 *
 * @throws InputError with file, line and remedy when something cannot be read.
 */
export async function loadProblems(pathOrFolder: string, options: LoadProblemsOptions = {}): Promise<Problem[]> {
  const problems: Problem[] = [];
  for await (const problem of streamProblems(pathOrFolder, options)) problems.push(problem);
  return problems;
}

/** As {@link loadProblems}, one problem at a time: files larger than memory can be read. */
export async function* streamProblems(pathOrFolder: string, options: LoadProblemsOptions = {}): AsyncGenerator<Problem> {
  const { columns = {}, limit = Infinity } = options;
  if (!(limit >= 0)) throw refuse("limit", "a number of problems", String(limit), "set it to 0 or more");
  let count = 0;
  for (const file of await datasetFiles(pathOrFolder)) {
    const source = basename(file);
    let isEmpty = true;
    if (count >= limit) return;
    for await (const problem of problemsFromRows(fileRows(file), source, columns)) {
      isEmpty = false;
      yield problem;
      if (++count >= limit) return;
    }
    if (isEmpty) throw refuse(file, "at least one row", "none", "give a file with problems");
  }
}

/**
 * Rows as they are, of a `.jsonl`, `.json` (one list) or `.parquet` file, or of all of them in a folder, by name; `-` reads JSON lines from
 * standard input.
 *
 * @throws InputError with file, line and remedy when something cannot be read.
 */
export async function* streamRows(pathOrFolder: string): AsyncGenerator<DatasetRow> {
  for (const file of await datasetFiles(pathOrFolder)) yield* fileRows(file);
}

async function* fileRows(file: string): AsyncGenerator<DatasetRow> {
  if (file === STANDARD_INPUT) {
    yield* jsonlRows(textLines(process.stdin.setEncoding("utf8") as AsyncIterable<string>), "stdin");
    return;
  }
  if (file.endsWith(".parquet")) {
    yield* parquetRows(await asyncBufferFromFile(file), file);
    return;
  }
  if (file.endsWith(".json")) {
    yield* jsonRows(await readFile(file, "utf8"), file);
    return;
  }
  yield* jsonlRows(textLines(createReadStream(file, "utf8")), file); // readline breaks lines at U+2028 too, from Node 24 on
}

function refuse(where: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "dataset", where, expected, found, fix });
}
