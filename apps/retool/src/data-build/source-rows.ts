import { InputError } from "@retool-ts/core";
import { type DatasetRow } from "@retool-ts/data";
import { streamRows } from "@retool-ts/data/node";
import { z } from "zod";
import { localDataset, type HubContext } from "../setup/hub-files.js";

/** A solved problem without code. */
export interface ReasoningRow {
  readonly question: string;
  readonly answer: string;
  readonly reasoning: string;
  /** File and line. */
  readonly where: string;
}

/** A solved problem whose answer column holds the solution, too, as in GSM8K. */
export type SolvedRow = Pick<ReasoningRow, "question" | "answer" | "where">;

const NAMES = { question: ["question", "problem"], answer: ["answer"], reasoning: ["reasoning", "solution", "response"] } as const;
const Text = z.union([z.string(), z.number().transform(String)]).refine((text) => text.trim() !== "", "must not be empty");
const Solved = z.object({ question: Text, answer: Text });
const Reasoning = Solved.extend({ reasoning: Text });

/**
 * Reads text-only reasoning traces from a JSONL, JSON or Parquet file or a folder of them.
 *
 * @throws InputError for a row without question, answer or reasoning, and for a file without rows.
 */
export function readReasoning(path: string, limit = Infinity, context: HubContext = {}): Promise<ReasoningRow[]> {
  return readRows(path, limit, context, Reasoning);
}

/**
 * Reads problems whose answer is a worked solution.
 *
 * @throws InputError for a row without question or answer, and for a file without rows.
 */
export function readSolved(path: string, limit = Infinity, context: HubContext = {}): Promise<SolvedRow[]> {
  return readRows(path, limit, context, Solved);
}

async function readRows<T extends object>(path: string, limit: number, context: HubContext, columns: z.ZodType<T>) {
  const rows: (T & { readonly where: string })[] = [];
  for await (const row of streamRows(await localDataset(path, context))) {
    if (rows.length >= limit) break;
    rows.push({ ...readRow(row, columns), where: row.where });
  }
  if (rows.length > 0) return rows;
  throw refuse(path, "at least one row", "none", "give a file of reasoning traces");
}

function readRow<T>({ value, where }: DatasetRow, wanted: z.ZodType<T>): T {
  const columns = Object.fromEntries(
    Object.entries(NAMES).map(([part, names]) => [part, names.map((name) => value[name]).find((found) => found != null)]),
  );
  const row = wanted.safeParse(columns);
  if (row.success) return row.data;
  const part = row.error.issues[0]!.path[0] as keyof typeof NAMES;
  const found = columns[part] === undefined ? "none" : JSON.stringify(columns[part]).slice(0, 40);
  throw refuse(where, `text in a column ${NAMES[part].join(" or ")}`, found, "correct the row, or rename its columns");
}

function refuse(where: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "reasoning traces", where, expected, found, fix });
}
