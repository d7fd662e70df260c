import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { createSandbox } from "@retool-ts/sandbox";
import { stepCountIs, tool, ToolLoopAgent } from "ai";
import type { Agent } from "retool";
import { z } from "zod";
import { grade } from "./grade.js";

const sandbox = await createSandbox();

/** An interpreter and a calendar: the policy finds out which of them pays. */
const tools = {
  code_interpreter: tool({
    description: "Runs JavaScript and shows what it prints and its last value.",
    inputSchema: z.object({ code: z.string() }),
    execute: async ({ code }) => (await sandbox.run(code)).feedback,
  }),
  year: tool({
    description: "The present year.",
    inputSchema: z.object({}),
    execute: () => "2026",
  }),
};

/** An agent of the AI SDK, as one would write it for any model: nothing in it knows that it is trained. */
export const agent: Agent = async ({ problem, baseURL, apiKey, model, signal }) => {
  const provider = createOpenAICompatible({ name: "policy", baseURL, apiKey });
  const solver = new ToolLoopAgent({ model: provider(model), tools, stopWhen: stepCountIs(5), maxRetries: 0 });
  const { text, steps } = await solver.generate({ prompt: problem.question, abortSignal: signal });
  return grade(problem, text, steps.length);
};

export default agent;
