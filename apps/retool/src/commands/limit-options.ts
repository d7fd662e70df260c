import type { Command } from "commander";
import { wholeNumber } from "./option-values.js";

/** The limits of one run and what its world begins with, as `--fuel` and its kin give them. */
export interface LimitOptions {
  readonly fuel?: number;
  readonly wallMs?: number;
  readonly memoryMb?: number;
  readonly outputChars?: number;
  readonly preload?: readonly string[];
}

/** Adds a flag for each limit; the sandbox says which numbers it takes. */
export function addLimitOptions(command: Command): Command {
  return command
    .option("--fuel <ticks>", "interrupt ticks, 10 000 branches or calls each", wholeNumber)
    .option("--wall-ms <ms>", "wall time of one run", wholeNumber)
    .option("--memory-mb <MiB>", "memory of one world, from 16", wholeNumber)
    .option("--output-chars <n>", "characters of output and value", wholeNumber)
    .option("--preload <names>", "libraries in every world, by commas: fraction, decimal, nerdamer", namesOf);
}

/** A flag's value as names. */
function namesOf(text: string): string[] {
  return text.split(",").filter((name) => name !== "");
}
