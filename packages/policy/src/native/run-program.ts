import { spawn } from "node:child_process";

/** End of a program. */
export interface ProgramResult {
  /** Exit code; undefined when the program could not be started or was killed. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without a shell and waits for its end; a program that cannot be started gives its reason as `stderr`. */
export function runProgram(program: string, args: readonly string[], signal?: AbortSignal): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...(signal === undefined ? {} : { signal }) });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
    child.on("error", (error) => (signal?.aborted ? reject(error) : resolve({ code: undefined, ...output, stderr: error.message })));
    child.on("close", (code) => resolve({ code: code ?? undefined, ...output }));
  });
}

/** The last line of a program's output as JSON; undefined when it is none. */
export function lastLineAsJson(output: string): unknown {
  try {
    return JSON.parse(output.trim().split("\n").at(-1)!);
  } catch {
    return undefined;
  }
}

/** The last lines of a program's output, for an error's message. */
export function lastLines(text: string, count = 3): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-count).join(" | ").slice(-400) || "no output";
}
