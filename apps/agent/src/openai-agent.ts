import { createSandbox } from "@retool-ts/sandbox";
import OpenAI from "openai";
import type { Agent } from "retool";
import { grade } from "./grade.js";

const sandbox = await createSandbox();

const code: OpenAI.ChatCompletionFunctionTool = {
  type: "function",
  function: {
    name: "code_interpreter",
    description: "Runs JavaScript and shows what it prints and its last value.",
    parameters: { type: "object", properties: { code: { type: "string" } }, required: ["code"] },
  },
};

/** The openai client with a loop of its own: ask, run the calls, ask again. */
export const agent: Agent = async ({ problem, baseURL, apiKey, model, signal }) => {
  const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: problem.question }];
  for (let turn = 1; ; turn++) {
    const { choices } = await client.chat.completions.create({ model, messages, tools: [code] }, { signal });
    const { message } = choices[0]!;
    const calls = (message.tool_calls ?? []).filter((call) => call.type === "function");
    if (calls.length === 0 || turn === 5) return grade(problem, message.content ?? "", turn);
    messages.push(message);
    for (const call of calls) {
      const { code: text } = JSON.parse(call.function.arguments) as { code: string };
      messages.push({ role: "tool", tool_call_id: call.id, content: (await sandbox.run(text)).feedback });
    }
  }
};

export default agent;
