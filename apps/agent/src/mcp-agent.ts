import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { createSandbox } from "@retool-ts/sandbox";
import OpenAI from "openai";
import type { Agent } from "retool";
import { z } from "zod";
import { grade } from "./grade.js";

const sandbox = await createSandbox();

/** A server of the Model Context Protocol; one in another process or on another machine is used in the same way. */
const server = new McpServer({ name: "calculator", version: "1" });
server.registerTool("code_interpreter", { description: "Runs JavaScript.", inputSchema: { code: z.string() } }, async ({ code }) => ({
  content: [{ type: "text", text: (await sandbox.run(code)).feedback }],
}));
const [ours, theirs] = InMemoryTransport.createLinkedPair();
await server.connect(theirs);
const tools = new Client({ name: "agent", version: "1" });
await tools.connect(ours);
const listed = (await tools.listTools()).tools.map(({ name, description = "", inputSchema: parameters }) => ({
  type: "function" as const,
  function: { name, description, parameters },
}));

/** The openai client, with the tools of a server as they are listed there. */
export const agent: Agent = async ({ problem, baseURL, apiKey, model, signal }) => {
  const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: problem.question }];
  for (let turn = 1; ; turn++) {
    const { choices } = await client.chat.completions.create({ model, messages, tools: listed }, { signal });
    const { message } = choices[0]!;
    const calls = (message.tool_calls ?? []).filter((call) => call.type === "function");
    if (calls.length === 0 || turn === 5) return grade(problem, message.content ?? "", turn);
    messages.push(message);
    for (const { id, function: called } of calls) {
      const result = await tools.callTool({ name: called.name, arguments: JSON.parse(called.arguments) as Record<string, unknown> });
      const [part] = result.content as { readonly text?: string }[];
      messages.push({ role: "tool", tool_call_id: id, content: part?.text ?? "" });
    }
  }
};

export default agent;
