import { InputError } from "@retool-ts/core";

/** A row as its file gives it, and where it stands for messages: `train.jsonl: line 12`. */
export interface DatasetRow {
  readonly value: Readonly<Record<string, unknown>>;
  readonly where: string;
  /** Numbers of the row that a double cannot hold, which stand in `value` as texts of their digits. */
  readonly kept?: readonly string[];
  /** The row as JSON, where it has tool calls and comes from JSON: their arguments are learned as they are written. */
  readonly text?: string;
}

/** A column, as a dotted path into nested ones (`reward_model.ground_truth`), or several joined by a blank. */
export type ColumnPath = string | readonly string[];

/** Columns that hold the parts of a problem. Those left out are found by their usual names. */
export interface Columns {
  readonly question?: ColumnPath;
  readonly answer?: ColumnPath;
  readonly id?: ColumnPath;
  readonly family?: ColumnPath;
  readonly level?: ColumnPath;
}

/** Question and answer columns that datasets use; the first pair that a row has is taken. */
const QUESTION_AND_ANSWER: readonly (readonly [question: ColumnPath, answer: ColumnPath])[] = [
  ["question", "answer"],
  ["problem", "answer"],
  ["Problem", "Answer"],
  [["Body", "Question"], "Answer"],
  ["input", "output"],
  ["prompt", "reward_model.ground_truth"],
  ["prompt", "label"],
  ["messages", "answer"],
];
const ID = ["id", "unique_id", "ID", "extra_info.index"];
const FAMILY = ["family", "subject", "Type"];
const LEVEL = ["level", "extra_info.level"];

/** Columns with question and answer settled; of the others, all that may hold them. */
export interface ResolvedColumns {
  readonly question: ColumnPath;
  readonly answer: ColumnPath;
  readonly id: readonly ColumnPath[];
  readonly family: readonly ColumnPath[];
  readonly level: readonly ColumnPath[];
}

/**
 * Settles which columns to read, from what is asked for and the columns of the first row.
 *
 * @throws InputError listing the columns found, when one is missing.
 */
export function resolveColumns(columns: Columns, first: DatasetRow): ResolvedColumns {
  const { question, answer, id, family, level } = columns;
  for (const path of [question, answer, id, family, level]) if (path !== undefined) requireColumn(path, first);
  const pair = QUESTION_AND_ANSWER.find(
    ([usualQuestion, usualAnswer]) => hasColumn(first, question ?? usualQuestion) && hasColumn(first, answer ?? usualAnswer),
  );
  if (pair === undefined) throw missingColumn(first, "columns with a question and its answer");
  return {
    question: question ?? pair[0],
    answer: answer ?? pair[1],
    id: id === undefined ? ID : [id],
    family: family === undefined ? FAMILY : [family],
    level: level === undefined ? LEVEL : [level],
  };
}

/** Values at a path, one for each of its parts; undefined where the row has none. */
export function readColumn(row: DatasetRow, path: ColumnPath): unknown[] {
  const paths = typeof path === "string" ? [path] : path;
  return paths.map((part) => valueAt(row.value, part));
}

/** A column whose name has dots wins over a path. */
function valueAt(object: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(object, path)) return object[path];
  let value: unknown = object;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function hasColumn(row: DatasetRow, path: ColumnPath): boolean {
  return readColumn(row, path).every((value) => value !== undefined && value !== null);
}

/** @throws InputError listing the columns found, when the row lacks the column. */
export function requireColumn(path: ColumnPath, row: DatasetRow): void {
  if (!hasColumn(row, path)) throw missingColumn(row, `column ${typeof path === "string" ? path : path.join(" and ")}`);
}

function missingColumn({ value, where }: DatasetRow, expected: string): InputError {
  return new InputError({
    what: "dataset",
    where,
    expected,
    found: `columns ${columnNames(value).join(", ") || "none"}`,
    fix: 'name them with columns: { question: "...", answer: "..." }',
  });
}

/** Names of the columns, nested ones as dotted paths, with a note on those that hold nothing. */
function columnNames(value: object, prefix = ""): string[] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    if (inner === undefined || inner === null) return [`${prefix}${name} (null)`];
    const isNested = typeof inner === "object" && !Array.isArray(inner) && prefix === "";
    return isNested ? columnNames(inner, `${name}.`) : [`${prefix}${name}`];
  });
}
