import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { completion, type ChatAnswer } from "../../test/chat-server.js";
import { good, trace, useBuildFolder } from "./build-folder.test-support.js";

const { build, jsonl, out, report, rewrite, state } = useBuildFolder();

describe("a rewritten trace", () => {
  test("is kept with the output that its code really state.printed", async () => {
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
    expect(state.printed[0]).toBe(`1 of 2 rows written to ${out()}`);
  });

  test("--strict leaves out what state.printed something else", async () => {
    await rewrite(2, (i) => (i === 0 ? completion(trace("console.log(0)", "00", 0)) : good(i)), "--strict");
    expect(await report()).toMatchObject({ kept: 1, rejected: { outputDiffers: 1 } });
  });

  test("--attempts asks again for what was left out", async () => {
    await rewrite(1, (i, index) => (index === 0 ? completion(trace("console.log(1)", "1", 1)) : good(i)), "--attempts", "3");
    expect(await report()).toMatchObject({ kept: 1, requests: 2 });
  });
});

describe("Python", () => {
  test("is run, and what it printed is kept; code that fails leaves the row out", { timeout: 60_000 }, async () => {
    const reply = (i: number) => completion(trace(i === 0 ? "print(sum(range(1)))" : "print(nothing)", "a guess", 6 * i));
    await rewrite(2, reply, "--language", "python");
    const rows = await jsonl();
    expect(rows).toHaveLength(1);
    expect(rows[0]!.messages[1]!.content).toContain("```python\nprint(sum(range(1)))\n```\n</code>\n<interpreter>\n0\n</interpreter>");
    expect(await report()).toMatchObject({ kept: 1, rejected: { codeFailed: 1 } });
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
    [/FILE, --tasks: expected one of them, found none/, []],
    [/FILE, --tasks: expected one of them, found both/, ["x", "--tasks", "3"]],
    [/--endpoint: expected an address/, ["x.jsonl", "--model", "m"]],
    [/--endpoint <url>.* argument 'localhost' is invalid\. An address/, ["x.jsonl", "--model", "m", "--endpoint", "localhost"]],
    [/--model: expected the name/, ["x.jsonl", "--endpoint", "http://127.0.0.1:1"]],
    [/--language: expected javascript/, ["--tasks", "2", "--language", "python"]],
    [/x\.jsonl: expected a file or folder/, ["x.jsonl", "--endpoint", "http://127.0.0.1:1", "--model", "m"]],
  ])("%s", async (message, words) => {
    await expect(build(...words)).rejects.toThrow(message);
    expect(await readdir(state.folder)).toEqual([]);
  });

  test("a row without reasoning is named", async () => {
    const from = join(state.folder, "traces.jsonl");
    await writeFile(from, '{"question":"1+1?","answer":2}');
    await expect(build(from, "--endpoint", "http://127.0.0.1:1", "--model", "m")).rejects.toThrow(
      "line 1: expected text in a column reasoning or solution or response, found none",
    );
  });
});
