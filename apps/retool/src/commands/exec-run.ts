import { Readable } from "node:stream";
import { InputError } from "@retool-ts/core";
import {
  createSandbox,
  type CreateSandboxOptions,
  type ExecutionResult,
  type Limits,
  type PreloadName,
  type PythonOptions,
  type Sandbox,
} from "@retool-ts/sandbox";
import type { CliContext } from "../shell/cli-context.js";
import { readInput, STANDARD_INPUT } from "../shell/standard-input.js";
import type { LimitOptions } from "./limit-options.js";
import { visibleText } from "@retool-ts/runs";

export interface ExecOptions extends LimitOptions {
  readonly language: string;
  readonly backend?: string;
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
  await using sandbox = await createSandbox({ ...languageOf(options), limits: limitsOf(options), preload: preloadOf(options) });
  let isWell = true;
  for await (const result of resultsOf(sandbox, options, input, context.signal)) {
    isWell &&= result.status === "ok";
    const text = options.json === true ? JSON.stringify(result) : visibleText(result.feedback);
    if (text !== "") context.print(text);
  }
  return isWell;
}

/** The code of a file, or of stdin, which `-` names as well. */
export async function codeOf(file: string | undefined, { cell }: Pick<ExecOptions, "cell">): Promise<AsyncIterable<Buffer | string>> {
  if (file === undefined || file === STANDARD_INPUT) return process.stdin;
  const problem = { what: "exec", where: file };
  if (cell.length > 0) throw new InputError({ ...problem, expected: "none beside --cell", found: "a file", fix: "leave one of them out" });
  try {
    return Readable.from([await readInput(file)]);
  } catch (cause) {
    const found = (cause as { readonly code?: string }).code === "ENOENT" ? "nothing" : String((cause as Error).message);
    throw new InputError(
      { ...problem, expected: "a file with code", found, fix: "check the path; code itself is given by --cell" },
      { cause },
    );
  }
}

/** Part of the command line's context that {@link exec} uses. */
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

/** The language and its backend, as `createSandbox` takes them. */
function languageOf({ language, backend }: ExecOptions): Pick<CreateSandboxOptions, "language" | "python"> {
  if (["python", "python3", "py"].includes(language)) return { language: "python", python: pythonOf(backend) };
  if (!["javascript", "js", "nodejs"].includes(language)) {
    const fix = "write JavaScript or Python";
    throw new InputError({ what: "exec", where: "--language", expected: "javascript or python", found: language, fix });
  }
  if (backend === undefined) return { language: "javascript" };
  throw new InputError({
    what: "exec",
    where: "--backend",
    expected: "none with JavaScript",
    found: backend,
    fix: "add --language python",
  });
}

/** Python's backend by name; undefined takes the best that is there. */
export function pythonOf(backend: string | undefined): PythonOptions {
  if (backend === undefined) return {};
  if (backend === "pyodide" || backend === "bwrap") return { backend };
  throw new InputError({ what: "python", where: "backend", expected: "pyodide or bwrap", found: backend, fix: "choose one of them" });
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
