import { z } from "zod";
import type { CodeRunner, SessionRunner } from "./code-runner.js";
import { codeSession } from "./code-session.js";
import { defineTool, type Tool } from "./tool.js";

/** Options of {@link codeInterpreter}. */
export type CodeInterpreterOptions = {
  /** Whether a rollout keeps its variables from call to call. Each rollout has a world of its own; samples of a group share nothing. */
  readonly stateful: boolean;
};

/** Name of the code interpreter, as prompts and function calls write it. */
export const CODE_INTERPRETER = "code_interpreter";

/** The paper's tool: runs each snippet in a fresh world, or in the rollout's own, and shows what it printed, its value or its error. */
export function codeInterpreter(sandbox: CodeRunner, options?: { readonly stateful: false }): Tool;
export function codeInterpreter(sandbox: SessionRunner, options: CodeInterpreterOptions): Tool;
export function codeInterpreter(sandbox: CodeRunner | SessionRunner, { stateful }: CodeInterpreterOptions = { stateful: false }): Tool {
  if (!stateful) return interpreterOn(sandbox);
  if (!("open" in sandbox)) throw new TypeError("codeInterpreter: stateful: expected a sandbox with open(), got one that only runs");
  return { ...interpreterOn(sandbox), begin: () => codeSession(() => sandbox.open(), interpreterOn) };
}

function interpreterOn(runner: CodeRunner): Tool {
  return defineTool({
    name: CODE_INTERPRETER,
    description: "A tool for executing code.",
    input: z.strictObject({ code: z.string().describe("The code to execute.") }),
    async execute({ code }, { signal }) {
      const { status, feedback, usage } = await runner.run(code, signal === undefined ? {} : { signal });
      return { text: feedback, status, fuel: usage.fuel };
    },
  });
}
