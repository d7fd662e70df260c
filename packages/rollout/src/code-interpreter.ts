import { z } from "zod";
import { defineTool, type Tool } from "./tool.js";
import type { ToolStatus } from "./trajectory.js";

/** The part of a sandbox that the code interpreter needs; `@retool-ts/sandbox` is one. */
export interface CodeRunner {
  run(
    code: string,
    options?: { readonly signal?: AbortSignal },
  ): Promise<{ readonly status: ToolStatus; readonly feedback: string; readonly usage: { readonly fuel: number } }>;
}

/** Name of the code interpreter, as prompts and function calls write it. */
export const CODE_INTERPRETER = "code_interpreter";

/** The paper's tool: runs each snippet in a fresh world and shows what it printed, its value or its error. */
export function codeInterpreter(sandbox: CodeRunner): Tool {
  return defineTool({
    name: CODE_INTERPRETER,
    description: "A tool for executing code.",
    input: z.strictObject({ code: z.string().describe("The code to execute.") }),
    async execute({ code }, { signal }) {
      const { status, feedback, usage } = await sandbox.run(code, signal === undefined ? {} : { signal });
      return { text: feedback, status, fuel: usage.fuel };
    },
  });
}
