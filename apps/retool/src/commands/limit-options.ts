import type { Command } from "commander";
import { optional } from "../shell/option-texts.js";
import { wholeNumber } from "./option-values.js";

/** The limits of one run and what its world begins with, as `--fuel` and its kin give them. */
export interface LimitOptions {
  readonly fuel?: number;
  readonly wallMs?: number;
  readonly memoryMb?: number;
  readonly outputChars?: number;
  readonly preload?: readonly string[];
}

/** The sandbox's defaults as text; the sandbox itself loads only when code is run. */
export const LIMIT_DEFAULTS = { fuel: "2500", wallMs: "100000", memoryMb: "64", outputChars: "8192" } as const;

/** Adds a flag for each limit; the sandbox says which numbers it takes. */
export function addLimitOptions(command: Command): Command {
  return command
    .addOption(optional("--fuel <ticks>", "interrupt ticks, 10 000 branches or calls each", LIMIT_DEFAULTS.fuel, wholeNumber))
    .addOption(optional("--wall-ms <ms>", "wall time of one run", LIMIT_DEFAULTS.wallMs, wholeNumber))
    .addOption(optional("--memory-mb <MiB>", "memory of one world, from 16", LIMIT_DEFAULTS.memoryMb, wholeNumber))
    .addOption(optional("--output-chars <n>", "characters of output and value", LIMIT_DEFAULTS.outputChars, wholeNumber))
    .option("--preload <names>", "libraries in every world, by commas: fraction, decimal, nerdamer", namesOf);
}

/** A flag's value as names. */
function namesOf(text: string): string[] {
  return text.split(",").filter((name) => name !== "");
}
