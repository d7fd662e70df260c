import { InputError } from "@retool-ts/core";
import { type DatasetRow, findOverlap } from "@retool-ts/data";
import { loadProblems, streamRows } from "@retool-ts/data/node";
import { type Conversation, questionOf, readConversation } from "@retool-ts/train";
import { localDataset, type HubContext } from "../setup/hub-files.js";

/** Questions of a file that conversations have as well. */
export interface FileOverlap {
  readonly file: string;
  readonly questions: number;
  /** With the same words in the same order. */
  readonly same: number;
  /** Others that share 13 words in a row. */
  readonly alike: number;
  /** The first of them. */
  readonly examples: readonly string[];
}

/** Questions that are shown of a file. */
const EXAMPLES = 3;

/** Looks for the questions of files among those of conversations. */
export async function overlapsWith(
  conversations: readonly Conversation[],
  files: readonly string[],
  context: HubContext,
): Promise<FileOverlap[]> {
  const learned = conversations.map(questionOfConversation);
  const overlaps: FileOverlap[] = [];
  for (const file of files) {
    const questions = await questionsOf(file, context);
    const { same, alike } = findOverlap(learned, questions);
    const examples = [...same, ...alike].slice(0, EXAMPLES).map((index) => questions[index]!);
    overlaps.push({ file, questions: questions.length, same: same.length, alike: alike.length, examples });
  }
  return overlaps;
}

/** An overlap in a few lines. */
export function describeOverlap({ file, questions, same, alike, examples }: FileOverlap): string {
  const found = `${file}: of ${questions} questions, ${same} are among the rows' word for word, and ${alike} more share 13 words in a row`;
  return [found, ...examples.map((question) => `  ${JSON.stringify(question.length > 100 ? `${question.slice(0, 99)}…` : question)}`)].join(
    "\n",
  );
}

/**
 * Questions of a file of conversations or of problems.
 *
 * @throws InputError when it is neither.
 */
export async function questionsOf(file: string, context: HubContext): Promise<string[]> {
  const path = await localDataset(file, context);
  const questions: string[] = [];
  for await (const row of streamRows(path)) {
    if (!isConversation(row)) return (await loadProblems(path)).map(({ question }) => question);
    questions.push(questionOfConversation(readConversation(row)));
  }
  if (questions.length > 0) return questions;
  const problem = { what: "dataset", where: file, expected: "at least one row", found: "none" };
  throw new InputError({ ...problem, fix: "give a file of problems or conversations" });
}

function isConversation({ value }: DatasetRow): boolean {
  return Array.isArray(value["messages"]);
}

function questionOfConversation(messages: Conversation): string {
  return questionOf(messages.find(({ role }) => role === "user")?.content ?? "");
}
