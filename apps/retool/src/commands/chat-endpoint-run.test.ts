import { afterEach, expect, test } from "vitest";
import { chatServer, type ChatServer } from "../../test/chat-server.js";
import { quietShell } from "../../test/quiet-shell.js";
import { chatWithEndpoint } from "./chat-endpoint-run.js";

let server: ChatServer | undefined;
afterEach(() => server?.close());

const ENDPOINT = { apiKeyEnv: "NO_SUCH_KEY", concurrency: 1, retries: 0, retryDelayMs: 1, timeoutS: 5 };

test("retool chat --endpoint shows turns, tool output and answer, and says when there is no reply", async () => {
  const call = { id: "c", type: "function", function: { name: "code_interpreter", arguments: '{"code":"6*7"}' } };
  server = await chatServer(({ body: { messages } }, index) => {
    if (index === 2) return { status: 500, body: "" };
    const message =
      messages.length === 1 ? { content: null, tool_calls: [call] } : { content: `\\boxed{${messages.at(-1)!.content.trim()}}` };
    return { status: 200, body: JSON.stringify({ choices: [{ message, finish_reason: "stop" }] }) };
  });
  const shell = quietShell();
  const options = {
    ...ENDPOINT,
    endpoint: server.url,
    model: "m",
    question: "What is 6 times 7?",
    temperature: 0,
    topP: 1,
    seed: 1,
    set: [],
  };
  await chatWithEndpoint(options, shell);
  expect(shell.printed.map((text) => text.trim())).toEqual([expect.stringContaining('{"code":"6*7"}'), "42", "\\boxed{42}", ""]);
  await chatWithEndpoint(options, shell);
  expect(shell.printed.at(-1)).toBe("[no reply: status 500]");
});
