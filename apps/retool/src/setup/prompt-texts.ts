import type { RecipeConfig } from "../config/recipe-config.js";
import type { InterpreterLanguage } from "./sandbox-setup.js";

/** Facts that decide the words of a prompt. */
export interface PromptStyle {
  /** Inside a user's message of a conversation, or alone. */
  readonly format: "chat" | "plain";
  readonly dialect: RecipeConfig["dialect"]["name"];
  /** True for a prompt that lists the tools. */
  readonly tools: boolean;
  readonly language: InterpreterLanguage;
}

/** Instructions and `{question}`, in our own words around the paper's tags. The paper's own prompt can be given as `prompt.file`. */
export function defaultTemplate({ format, dialect, tools, language: { name, fence, example } }: PromptStyle): string {
  if (format === "plain") return "{question}\n";
  if (!tools) return "{question}\n\nThink step by step, and put the final answer in \\boxed{}.";
  switch (dialect) {
    case "xml":
      return `Solve the problem at the end, step by step. Where a calculation is better done by a computer, write a complete ${name} program in this form:
<code>
\`\`\`${fence}
${example}
\`\`\`
</code>
It is run at once, and what it prints follows between <interpreter> and </interpreter>. Then go on; you may write more programs.
When you know the answer, end with it in this form:
<answer>
\\boxed{answer}
</answer>

Problem: {question}`;
    case "hermes":
      return `{question}\n\nThink step by step. The code interpreter runs ${name}; print what you want to see. Put the final answer in \\boxed{}.`;
  }
}
