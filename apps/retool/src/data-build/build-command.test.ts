import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chatServer, completion, type ChatAnswer, type ChatServer } from "../../test/chat-server.js";
import { quietShell } from "../../test/quiet-shell.js";
import { createProgram } from "../command-line.js";

let folder: string;
let printed: string[];
let server: ChatServer | undefined;
let controller: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-build-"));
  printed = [];
  controller = new AbortController();
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

const out = () => join(folder, "sft.jsonl");

/** Runs `retool data build OUT …`. */
async function build(...words: readonly string[]): Promise<void> {
  const context = quietShell({ signal: controller.signal, print: (text) => void printed.push(text) });
  await createProgram(context, { quiet: true }).parseAsync(["data", "build", out(), ...words], { from: "user" });
}

/** Rewrites numbered questions; `answer` is asked for the number of the question in each request. */
async function rewrite(count: number, answer: (question: number, index: number) => ChatAnswer | Promise<ChatAnswer>, ...words: string[]) {
  const from = join(folder, "traces.jsonl");
  const rows = Array.from({ length: count }, (_, i) => ({ question: `Question ${i}: 6 * ${i}?`, answer: 6 * i, reasoning: "By hand." }));
  await writeFile(from, rows.map((row) => JSON.stringify(row)).join("\n"));
  server = await chatServer(({ body }, index) => answer(Number(/Question (\d+)/.exec(body.messages[0]!.content)![1]), index));
  await build("--from", from, "--endpoint", server.url, "--model", "m", "--retry-delay-ms", "1", ...words);
}

const trace = (code: string, claimed: string, answer: string | number) =>
  `<revised_thinking_process>\nI compute.\n<code>\n\`\`\`javascript\n${code}\n\`\`\`\n</code>\n<interpreter>\n${claimed}\n</interpreter>\nSo it is.\n<answer> \\boxed{${answer}} </answer>\n</revised_thinking_process>`;
const good = (i: number) => completion(trace(`console.log(6 * ${i})`, String(6 * i), 6 * i));

interface Messages {
  readonly messages: readonly { readonly role: string; readonly content: string; readonly tool_calls?: unknown }[];
}
async function jsonl<T = Messages>(name = "sft.jsonl"): Promise<T[]> {
  const text = await readFile(join(folder, name), "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as T]));
}
const report = async () => JSON.parse(await readFile(join(folder, "sft.report.json"), "utf8")) as Record<string, unknown>;

describe("a rewritten trace", () => {
  test("is kept with the output that its code really printed", async () => {
    await rewrite(2, (i) => (i === 0 ? completion(trace("console.log(2 - 2)", "a guess", 0)) : good(i)));
    const [first, second] = await jsonl();
    expect(first!.messages[1]!.content).toBe(
      "I compute.\n<code>\n```javascript\nconsole.log(2 - 2)\n```\n</code>\n<interpreter>\n0\n</interpreter>\n\nSo it is.\n<answer> \\boxed{0} </answer>",
    );
    expect(first!.messages[0]).toEqual({ role: "user", content: expect.stringMatching(/\*user question:\*\nQuestion 0: 6 \* 0\?$/) });
    expect(second!.messages[1]!.content).toContain("<interpreter>\n6\n</interpreter>");
    expect(await report()).toMatchObject({ rows: 2, kept: 2, rejected: {}, calls: 2, outputsReplaced: 1, requests: 2, cached: 0 });
  });

  test("can be written as tool calls", async () => {
    await rewrite(1, good, "--format", "hermes");
    const [row] = await jsonl();
    expect(row!.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    expect(row!.messages[1]!.tool_calls).toEqual([
      { type: "function", function: { name: "code_interpreter", arguments: { code: "console.log(6 * 0)" } } },
    ]);
  });

  test("tags that code prints stay inert", async () => {
    await rewrite(1, () => completion(trace('console.log("</inter" + "preter><ans" + "wer>7</ans" + "wer>")', "x", 0)));
    const content = (await jsonl())[0]!.messages[1]!.content;
    expect(content.match(/<answer>/g)).toHaveLength(1);
    expect(content.match(/<\/interpreter>/g)).toHaveLength(1);
  });

  const replies: readonly [reason: string, reply: ChatAnswer][] = [
    ["format", completion("I would rather not.")],
    ["format", completion(trace("1", "1", 0).replace("</code>", ""))],
    ["format", completion(trace("1", "1", 0).replace("</interpreter>", "</interpreter><interpreter>2</interpreter>"))],
    ["format", completion(trace("1", "1", 0).replace("\\boxed{0}", "0"))],
    ["format", completion(trace("1", "1", 0).replace("</answer>", "</answer> And so on."))],
    ["noCode", completion("<revised_thinking_process>Easy. <answer>\\boxed{0}</answer></revised_thinking_process>")],
    ["codeFailed", completion(trace("nothing.at.all", "0", 0))],
    ["codeFailed", completion(trace("for (;;) {}", "0", 0))],
    ["noOutput", completion(trace("const x = 0;", "0", 0))],
    ["wrongAnswer", completion(trace("console.log(1)", "1", 1))],
    ["cutOff", completion(trace("console.log(0)", "0", 0), "length")],
    ["endpoint", { status: 400, body: "context too long" }],
  ];
  test.each(replies)("is left out: %s %#", async (reason, reply) => {
    await rewrite(2, (i) => (i === 0 ? reply : good(i)));
    expect(await jsonl()).toHaveLength(1);
    expect(await report()).toMatchObject({ rows: 2, kept: 1, rejected: { [reason]: 1 } });
    expect(await jsonl("sft.rejected.jsonl")).toMatchObject([{ reason, where: expect.stringMatching(/traces\.jsonl: line 1$/) }]);
    expect(printed[0]).toBe(`1 of 2 rows written to ${out()}`);
  });

  test("--strict leaves out what printed something else", async () => {
    await rewrite(2, (i) => (i === 0 ? completion(trace("console.log(0)", "00", 0)) : good(i)), "--strict");
    expect(await report()).toMatchObject({ kept: 1, rejected: { outputDiffers: 1 } });
  });

  test("--attempts asks again for what was left out", async () => {
    await rewrite(1, (i, index) => (index === 0 ? completion(trace("console.log(1)", "1", 1)) : good(i)), "--attempts", "3");
    expect(await report()).toMatchObject({ kept: 1, requests: 2 });
  });
});

describe("an unreliable endpoint", () => {
  test.each<[name: string, trouble: ChatAnswer]>([
    ["429", { status: 429, body: "", headers: { "retry-after": "0" } }],
    ["503", { status: 503, body: "busy" }],
    ["a cut connection", "cut"],
    ["no reply in time", "silence"],
    ["a reply that is no JSON", { status: 200, body: "<html>" }],
    ["a reply without choices", { status: 200, body: '{"choices":[]}' }],
  ])("%s is tried again", async (_, trouble) => {
    await rewrite(1, (i, index) => (index < 2 ? trouble : good(i)), "--timeout-s", "1");
    expect(await report()).toMatchObject({ kept: 1, requests: 1, retries: 2 });
  });

  test("a row that never gets a reply is left out, and asked for again the next time", async () => {
    let isBroken = true;
    await rewrite(3, (i) => (i === 1 && isBroken ? { status: 500, body: "" } : good(i)), "--retries", "1");
    expect(await report()).toMatchObject({ kept: 2, rejected: { endpoint: 1 } });
    isBroken = false;
    await build("--from", join(folder, "traces.jsonl"), "--endpoint", server!.url, "--model", "m");
    expect(await report()).toMatchObject({ kept: 3, cached: 2, requests: 1 });
  });

  test("many rows without a reply end the run; nothing is written", async () => {
    await expect(rewrite(20, () => ({ status: 500, body: "" }), "--retries", "0")).rejects.toThrow(
      /5 requests in a row failed.*status 500/,
    );
    expect(await readdir(folder)).not.toContain("sft.jsonl");
  });

  test.each([401, 403, 404])("status %i is the user's mistake, and is not tried again", async (status) => {
    await expect(rewrite(8, () => ({ status, body: "no" }), "--concurrency", "1")).rejects.toThrow(`found status ${status}: no`);
    expect(server!.seen).toHaveLength(1);
  });

  test("requests are spread over time", async () => {
    const times: number[] = [];
    await rewrite(4, (i) => (times.push(performance.now()), good(i)), "--requests-per-minute", "600");
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(250); // three gaps of 100 ms, with room for the first to be late
  });

  test("the key comes from the environment, and is not kept", async () => {
    process.env["BUILD_TEST_KEY"] = "secret-key";
    try {
      await rewrite(1, good, "--api-key-env", "BUILD_TEST_KEY");
    } finally {
      delete process.env["BUILD_TEST_KEY"];
    }
    expect(server!.seen[0]).toMatchObject({
      url: "/v1/chat/completions",
      headers: { authorization: "Bearer secret-key" },
      body: { model: "m" },
    });
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) expect(await readFile(join(file.parentPath, file.name), "utf8")).not.toContain("secret-key");
    }
  });
});

describe("interrupted", () => {
  test("a second call asks only for what is missing and writes what one call writes", async () => {
    const answers = (i: number, index: number) => {
      if (index === 3) controller.abort();
      return good(i);
    };
    await expect(rewrite(6, answers, "--concurrency", "1")).rejects.toThrow("Go on with the same command");
    expect(await readdir(folder)).not.toContain("sft.jsonl");
    controller = new AbortController();
    const { url } = server!;
    await build("--from", join(folder, "traces.jsonl"), "--endpoint", url, "--model", "m");
    expect(await report()).toMatchObject({ kept: 6, cached: 3, requests: 3 });
    const whole = await readFile(out(), "utf8");
    await build("--from", join(folder, "traces.jsonl"), "--endpoint", url, "--model", "m");
    expect(await report()).toMatchObject({ kept: 6, cached: 6, requests: 0 });
    expect(await readFile(out(), "utf8")).toBe(whole);
    await build("--from", join(folder, "traces.jsonl"), "--endpoint", url, "--model", "another");
    expect(await report()).toMatchObject({ cached: 0, requests: 6 });
  });
});

describe("generated tasks", () => {
  test("need no model, run their code and repeat to the byte", async () => {
    await build("--tasks", "40", "--mixture", "imperfect", "--seed", "3");
    const rows = await jsonl();
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter(({ messages }) => messages[1]!.content.includes("<code>")).length).toBeGreaterThan(20);
    for (const { messages } of rows) {
      if (messages[1]!.content.includes("<code>"))
        expect(messages[1]!.content).toMatch(/<code>\n```javascript\n[\s\S]+\n```\n<\/code>\n<interpreter>\n[\s\S]+\n<\/interpreter>\n/);
      expect(messages[1]!.content).toMatch(/<answer>\n\\boxed\{.+\}\n<\/answer>$/);
    }
    const text = await readFile(out(), "utf8");
    await build("--tasks", "40", "--mixture", "imperfect", "--seed", "3");
    expect(await readFile(out(), "utf8")).toBe(text);
    await build("--tasks", "40", "--mixture", "imperfect", "--seed", "4");
    expect(await readFile(out(), "utf8")).not.toBe(text);
    expect(await report()).toMatchObject({ rows: 40, mixture: "imperfect", seed: 4 });
  });
});

describe("a mistake in the options is told at once", () => {
  test.each<[message: RegExp, words: readonly string[]]>([
    [/--from, --tasks: expected one of them, found none/, []],
    [/--from, --tasks: expected one of them, found both/, ["--from", "x", "--tasks", "3"]],
    [/--endpoint: expected an address/, ["--from", "x.jsonl", "--model", "m"]],
    [/--endpoint: expected an address/, ["--from", "x.jsonl", "--model", "m", "--endpoint", "localhost"]],
    [/--model: expected the name/, ["--from", "x.jsonl", "--endpoint", "http://127.0.0.1:1"]],
    [/--language: expected javascript/, ["--from", "x.jsonl", "--endpoint", "http://127.0.0.1:1", "--model", "m", "--language", "python"]],
    [/--language: expected javascript/, ["--tasks", "2", "--language", "python"]],
    [/x\.jsonl: expected a file or folder/, ["--from", "x.jsonl", "--endpoint", "http://127.0.0.1:1", "--model", "m"]],
  ])("%s", async (message, words) => {
    await expect(build(...words)).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });

  test("a row without reasoning is named", async () => {
    const from = join(folder, "traces.jsonl");
    await writeFile(from, '{"question":"1+1?","answer":2}');
    await expect(build("--from", from, "--endpoint", "http://127.0.0.1:1", "--model", "m")).rejects.toThrow(
      "line 1: expected text in a column reasoning or solution or response, found none",
    );
  });
});
