import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTrajectories, RunFolder } from "@retool-ts/runs";
import { loadRunData, renderReport } from "@retool-ts/report";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { chatServer, type ChatAnswer, type ChatServer, type SeenRequest } from "../../test/chat-server.js";
import { quietShell } from "../../test/quiet-shell.js";
import { evaluateEndpoint, type EndpointEvalOptions } from "./evaluate-endpoint.js";
import type { EndpointRecord } from "./endpoint-groups.js";

let folder: string;
let data: string;
let server: ChatServer | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-endpoint-"));
  data = join(folder, "problems.jsonl");
  const rows = [2, 3, 4].map((i) => ({ question: `What is ${i} times ${i}?`, answer: String(i * i) }));
  await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
});
afterEach(() => server?.close());
afterAll(() => rm(folder, { recursive: true }));

interface Wire {
  readonly role: string;
  readonly content: string | null;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly { readonly id: string }[];
}
interface WireBody {
  readonly messages: readonly Wire[];
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly seed: number;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}
const bodyOf = (request: SeenRequest) => request.body as unknown as WireBody;
const numberIn = (request: SeenRequest) =>
  /What is (\d+)/.exec(
    bodyOf(request)
      .messages.map(({ content }) => content)
      .join(" "),
  )![1]!;

const reply = (message: object, prompt: number, completion: number, finish = "stop"): ChatAnswer => ({
  status: 200,
  body: JSON.stringify({
    choices: [{ message: { role: "assistant", ...message }, finish_reason: finish }],
    usage: { prompt_tokens: prompt, completion_tokens: completion },
  }),
});
const codeCall = (code: string, id = "c1") => ({
  content: null,
  tool_calls: [{ id, type: "function", function: { name: "code_interpreter", arguments: JSON.stringify({ code }) } }],
});

/** A model that calls the interpreter with n*n, and then answers with what it was shown. */
function squaring(request: SeenRequest): ChatAnswer {
  const last = bodyOf(request).messages.at(-1)!;
  if (last.role === "tool") return reply({ content: `It is \\boxed{${last.content!.trim()}}.` }, 40, 8);
  return reply(codeCall(`${numberIn(request)}*${numberIn(request)}`), 20, 12, "tool_calls");
}

async function evaluate(changes: Partial<EndpointEvalOptions> = {}, signal = new AbortController().signal) {
  const codes: number[] = [];
  const shell = quietShell({ signal, setExitCode: (code) => void codes.push(code) });
  const options = { apiKeyEnv: "NO_SUCH_KEY", concurrency: 2, retries: 2, retryDelayMs: 1, timeoutS: 5, set: [], json: true, samples: 1 };
  await evaluateEndpoint({ ...options, endpoint: server!.url, model: "m", data, ...changes }, shell);
  const printed = shell.printed.at(-1)!;
  return { printed, codes, result: (changes.json === false ? {} : JSON.parse(printed)) as Record<string, unknown> };
}

describe("retool eval --endpoint", () => {
  test("runs the model's calls here, grades its answers and counts tokens", async () => {
    server = await chatServer(squaring);
    const output = join(folder, "squares");
    const { result, codes } = await evaluate({ output, samples: 2 });
    expect(result).toMatchObject({
      n: 3,
      samples: 2,
      accuracy: 1,
      passAt: { 2: { value: 1 } },
      majorityAt: { 2: { value: 1 } },
      codeRatio: 1,
      meanTurns: 2,
      meanTokens: 28, // 12 + 8 written, 8 of tool output: 40 − 20 − 12
      stopReasons: { answered: 1 },
      tokens: { prompt: 6 * 60, completion: 6 * 20, requests: 12 },
      requests: { requests: 12, retries: 0, failed: 0 },
      problemsWithoutFigures: 0,
    });
    expect(codes).toEqual([]);
    const first = bodyOf(server.seen[0]!);
    expect(first.tools!.map((tool) => tool.function.name)).toEqual(["code_interpreter"]);
    const second = server.seen.map(bodyOf).find(({ messages }) => messages.length === 3)!;
    expect(second.messages.slice(1)).toEqual([
      {
        role: "assistant",
        ...codeCall(`${/(\d) times/.exec(second.messages[0]!.content!)![1]}*${/(\d) times/.exec(second.messages[0]!.content!)![1]}`),
      },
      { role: "tool", tool_call_id: "c1", content: expect.stringMatching(/^\s*(4|9|16)\s*$/) },
    ]);
    const seeds = server.seen.map((request) => `${numberIn(request)} ${bodyOf(request).seed}`);
    expect(new Set(seeds).size).toBe(6); // one for each sample
  });

  test("the rollouts are kept as texts with the server's counts, for inspect and report", async () => {
    server = await chatServer(squaring);
    const output = join(folder, "records");
    await evaluate({ output });
    const [record] = (await readTrajectories(join(output, "trajectories/eval.jsonl.gz"))) as EndpointRecord[];
    expect(record).toMatchObject({ promptTokens: 20, responseTokens: 28, correct: true, prediction: "4" });
    expect(record!.usage).toEqual({ requests: 2, promptTokens: 60, completionTokens: 20 });
    expect(record!.segments.map(({ kind, tokens }) => [kind, tokens])).toEqual([
      ["prompt", 20],
      ["model", 12],
      ["tool", 8],
      ["model", 8],
    ]);
    expect(record!.segments[1]!.text).toBe('<tool_call>\n{"name": "code_interpreter", "arguments": {"code":"2*2"}}\n</tool_call>');
    expect(record!.toolCalls).toMatchObject([{ input: "2*2", status: "ok" }]);
    expect(await readdir(output)).not.toContain("replies");
    expect(new RunFolder(output).readSummary()).toMatchObject({ model: { parameters: null }, phases: { eval: { n: 3, accuracy: 1 } } });
    const page = renderReport(await loadRunData(output));
    expect(page).toContain("code_interpreter");
    expect(page).not.toContain("null parameters");
  });

  test("tool output is cut and budgets end rollouts as in training", async () => {
    server = await chatServer((request) =>
      bodyOf(request).messages.length > 3 ? reply({ content: "\\boxed{4}" }, 90, 5) : reply(codeCall(`"x".repeat(1000)`), 20, 12),
    );
    const set = ["budgets.maxToolOutputChars=10", "budgets.maxToolCalls=1"];
    const { result } = await evaluate({ limit: 1, set });
    expect(result).toMatchObject({ stopReasons: { maxToolCalls: 1 }, accuracy: 0 });
    const shown = bodyOf(server.seen[1]!).messages.at(-1)!.content!;
    expect(shown).toContain("...(truncated)...");
    expect(shown.length).toBeLessThan(40);
  });

  test("a reply that tool output left no room for is asked for again with the room that there is", async () => {
    server = await chatServer((request) => {
      const { messages, max_tokens } = bodyOf(request);
      if (messages.length === 1) return reply(codeCall("1"), 20, 12);
      return reply({ content: "\\boxed{4}" }, 20 + 12 + 30, Math.min(60, max_tokens!), max_tokens! < 60 ? "length" : "stop");
    });
    const { result } = await evaluate({ limit: 1, set: ["budgets.maxResponseTokens=100"] });
    expect(server.seen.map((request) => bodyOf(request).max_tokens)).toEqual([100, 88, 58]);
    expect(result).toMatchObject({ stopReasons: { maxTokens: 1 }, meanTokens: 100, tokens: { requests: 3 } });
  });

  test("calls that stand in the text are run too; a limit's newer name is used where the server wants it", async () => {
    server = await chatServer((request) => {
      const { messages, max_tokens } = bodyOf(request);
      if (max_tokens !== undefined) return { status: 400, body: "Unsupported parameter: use 'max_completion_tokens' instead" };
      if (messages.length > 1)
        return reply({ content: `\\boxed{${messages.at(-1)!.content!.trim()}}`, reasoning_content: "\\boxed{7}" }, 40, 8);
      return reply(
        { content: 'Let me see.\n<tool_call>\n{"name": "code_interpreter", "arguments": {"code": "2*2"}}\n</tool_call>' },
        20,
        9,
      );
    });
    const { result } = await evaluate({ limit: 1 });
    expect(result).toMatchObject({ accuracy: 1, requests: { failed: 0 } });
    expect(bodyOf(server.seen.at(-1)!).messages[1]).toMatchObject({ content: "Let me see.", tool_calls: [{ id: "call_0_0" }] });
  });
});

describe("an endpoint with trouble", () => {
  test("failed requests are counted and shown; the same command asks for those problems alone", async () => {
    let isBroken = true;
    server = await chatServer((request) => (isBroken && numberIn(request) === "3" ? { status: 500, body: "" } : squaring(request)));
    const output = join(folder, "broken");
    const first = await evaluate({ output });
    expect(first.result).toMatchObject({
      n: 2,
      accuracy: 1,
      problemsWithoutFigures: 1,
      failures: { "status 500": 1 },
      requests: { failed: 1, retries: 2 },
    });
    expect(first.codes).toEqual([1]);
    const words = await evaluate({ output, json: false });
    expect(words.printed).toMatch(/1 problems have no figures.*The same command asks for them again/s);
    expect(words.printed).toContain("status 500");
    isBroken = false;
    const before = server.seen.length;
    const again = await evaluate({ output });
    expect(again.result).toMatchObject({ n: 3, accuracy: 1, problemsWithoutFigures: 0, tokens: { requests: 6 } });
    expect(again.codes).toEqual([]);
    expect(server.seen.length - before).toBe(2);
  });

  test("without any reply there are no figures; a gone endpoint is not asked for ever", async () => {
    server = await chatServer(() => ({ status: 503, body: "" }));
    await expect(evaluate({ samples: 8, retries: 0, concurrency: 1 })).rejects.toThrow(/no problem got its replies.*status 503/);
    expect(server.seen).toHaveLength(5);
  });

  test("a conversation that does not fit ends its rollout, and is no failure", async () => {
    server = await chatServer(() => ({ status: 400, body: '{"error":{"code":"context_length_exceeded"}}' }));
    expect((await evaluate()).result).toMatchObject({ n: 3, accuracy: 0, stopReasons: { contextFull: 1 }, requests: { failed: 0 } });
  });

  test("interrupted, a second call repeats no request and leaves what one call leaves", async () => {
    server = await chatServer(squaring);
    await evaluate({ output: join(folder, "whole") });
    await server.close();
    const controller = new AbortController();
    server = await chatServer((request, index) => (index === 3 && controller.abort(), squaring(request)));
    const output = join(folder, "stopped");
    const url = server.url;
    await expect(evaluate({ output, concurrency: 1 }, controller.signal)).rejects.toThrow("Go on with the same command");
    const asked = server.seen.length;
    await evaluate({ output, concurrency: 1, endpoint: url });
    expect(server.seen.length - asked).toBe(6 - (asked - 1)); // the request that was cut off is sent again
    const file = "trajectories/eval.jsonl.gz";
    expect(await readFile(join(output, file))).toEqual(await readFile(join(folder, "whole", file)));
    await expect(evaluate({ output, model: "another" })).rejects.toThrow('model = "m"');
  });

  test("the key comes from the environment, and is shown nowhere, even where the server repeats it", async () => {
    process.env["EVAL_TEST_KEY"] = "sk-secret";
    try {
      server = await chatServer((request) => (numberIn(request) === "2" ? { status: 400, body: "bad key sk-secret" } : squaring(request)));
      const output = join(folder, "key");
      const { printed } = await evaluate({ output, apiKeyEnv: "EVAL_TEST_KEY", json: false });
      expect(server.seen[0]!.headers.authorization).toBe("Bearer sk-secret");
      expect(printed).toContain("bad key (the key)");
      expect(printed).not.toContain("sk-secret");
      for (const entry of await readdir(output, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) expect(await readFile(join(entry.parentPath, entry.name), "latin1")).not.toContain("sk-secret");
      }
      await server.close();
      server = await chatServer(() => ({ status: 401, body: "Incorrect key: sk-secret" }));
      await expect(evaluate({ apiKeyEnv: "EVAL_TEST_KEY" })).rejects.toThrow(/Incorrect key: \(the key\).*EVAL_TEST_KEY/);
    } finally {
      delete process.env["EVAL_TEST_KEY"];
    }
  });

  test("tags of a dialect that a server cannot take are refused", async () => {
    server = await chatServer(squaring);
    await expect(evaluate({ set: ["dialect.name=xml"] })).rejects.toThrow(/dialect\.name: expected hermes/);
  });
});
