import { InputError } from "@retool-ts/core";
import { createSandbox, type ExecutionResult, type Limits, type PreloadName, type Sandbox } from "@retool-ts/sandbox";
import type { CliContext } from "./command-line.js";
import type { LimitOptions } from "./commands/limit-options.js";
import { visibleText } from "./visible-text.js";

export interface ExecOptions extends LimitOptions {
  readonly language: string;
  readonly cell: readonly string[];
  readonly session?: boolean;
  readonly seed: number;
  readonly json?: boolean;
}

/** The sandbox's limits from flags; what was not given keeps its default. */
export function limitsOf({ fuel, wallMs, memoryMb, outputChars }: LimitOptions): Partial<Limits> {
  return {
    ...(fuel === undefined ? {} : { fuel }),
    ...(wallMs === undefined ? {} : { wallMs }),
    ...(memoryMb === undefined ? {} : { memoryBytes: memoryMb * 2 ** 20 }),
    ...(outputChars === undefined ? {} : { outputChars }),
  };
}

/** The libraries of `--preload`; the sandbox refuses names it does not know. */
export function preloadOf({ preload = [] }: LimitOptions): readonly PreloadName[] {
  return preload as readonly PreloadName[];
}

/** Runs code of `input`, or the given cells, and prints each result as it comes. True when every run ended well. */
export async function exec(options: ExecOptions, input: AsyncIterable<Buffer | string>, context: ExecContext): Promise<boolean> {
  assertLanguage(options.language);
  await using sandbox = await createSandbox({ limits: limitsOf(options), preload: preloadOf(options) });
  let isWell = true;
  for await (const result of resultsOf(sandbox, options, input, context.signal)) {
    isWell &&= result.status === "ok";
    const text = options.json === true ? JSON.stringify(result) : visibleText(result.feedback);
    if (text !== "") context.print(text);
  }
  return isWell;
}

/** What {@link exec} uses of the command line's context. */
export type ExecContext = Pick<CliContext, "print" | "signal">;

async function* resultsOf(
  sandbox: Sandbox,
  { cell, session: isSession, seed }: ExecOptions,
  input: AsyncIterable<Buffer | string>,
  signal: AbortSignal,
): AsyncGenerator<ExecutionResult> {
  if (cell.length === 0 && isSession !== true) {
    let code = "";
    for await (const line of linesOf(input)) code += line;
    yield await sandbox.run(code, { seed, signal });
    return;
  }
  await using session = await sandbox.open({ seed });
  for (const code of cell) yield await session.run(code, { signal });
  if (cell.length > 0) return;
  let number = 0;
  for await (const line of linesOf(input)) {
    number++;
    if (line.trim() !== "") yield await session.run(cellOf(line, number), { signal });
  }
}

function assertLanguage(language: string): void {
  if (["javascript", "js", "nodejs"].includes(language)) return;
  const fix = "write JavaScript, or leave the option out";
  throw new InputError({
    what: "exec",
    where: "--language",
    expected: "javascript, the one engine that is installed",
    found: language,
    fix,
  });
}

function cellOf(line: string, number: number): string {
  const expected = 'a JSON string, or an object with a string "code"';
  const where = `line ${number} of stdin`;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new InputError({ what: "session", where, expected, found: "no JSON", fix: "write one cell a line as JSON" }, { cause });
  }
  const code = typeof value === "object" && value !== null ? (value as { readonly code?: unknown }).code : value;
  if (typeof code === "string") return code;
  throw new InputError({ what: "session", where, expected, found: line.trim().slice(0, 60), fix: "write one cell a line as JSON" });
}

/** Lines with their ends, as they arrive. */
async function* linesOf(input: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of input) {
    rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split(/(?<=\n)/);
    rest = lines.at(-1)!.endsWith("\n") ? "" : lines.pop()!;
    yield* lines.filter((line) => line !== "");
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
