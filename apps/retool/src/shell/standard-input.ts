import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";

/** The name of standard input where a file may be named. */
export const STANDARD_INPUT = "-";

/** A name for messages. */
export function inputName(path: string): string {
  return path === STANDARD_INPUT ? "stdin" : path;
}

/** The text of a file, or of standard input. */
export function readInput(path: string): Promise<string> {
  return path === STANDARD_INPUT ? text(process.stdin) : readFile(path, "utf8");
}
