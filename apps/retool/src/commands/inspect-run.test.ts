import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleRecord } from "../../../../packages/runs/test/example-run.js";
import { inspect, type InspectOptions } from "./inspect-run.js";
import { renderRecord } from "@retool-ts/report";
import { blocksOf, createRunFolder, type RunFolder, visibleText } from "@retool-ts/runs";

describe("blocks", () => {
  test("reasoning, code, output and answer are told apart, without their tags", () => {
    expect(blocksOf(exampleRecord())).toEqual([
      { kind: "prompt", text: "What is gcd(12, 18)?" },
      { kind: "reasoning", text: "Let me compute." },
      { kind: "code", text: "gcd(12, 18)" },
      { kind: "output", text: "6", status: "ok" },
      { kind: "answer", text: "\\boxed{6}" },
    ]);
  });

  test("a block that was never closed, and output that came too late", () => {
    const segments = [{ kind: "model", text: "<answer>1</answer> so <code>while(1)", tokens: 9 }] as const;
    expect(blocksOf({ segments, toolCalls: exampleRecord().toolCalls })).toEqual([
      { kind: "answer", text: "1" },
      { kind: "reasoning", text: "so" },
      { kind: "code", text: "while(1)" },
      { kind: "output", text: "6", status: "ok", isUnread: true },
    ]);
  });

  test("a megabyte of opening tags is read in linear time (quadratic would take hours)", () => {
    const text = "<code>".repeat(200_000);
    expect(blocksOf({ segments: [{ kind: "model", text, tokens: 1 }], toolCalls: [] })).toHaveLength(1);
  });
});

test("what acts on a terminal or hides from a reader becomes visible", () => {
  expect(visibleText("a\u001b[31mb\u0007\u0000\u007f\u0085")).toBe("a␛[31mb␇␀␡⟨U+0085⟩");
  expect(visibleText("x\u202ey\u200b\u2028\ufeff\ud800")).toBe("x⟨U+202E⟩y⟨U+200B⟩⟨U+2028⟩⟨U+FEFF⟩⟨U+D800⟩");
  expect(visibleText("tab\tline\r\nüber 👩‍🔬 שלום\r")).toBe("tab\tline\nüber 👩‍🔬 שלום␍");
});

describe("a rollout as text", () => {
  test("has its blocks and verdict", () => {
    expect(renderRecord(exampleRecord({ correct: false, score: -1, prediction: "7", advantage: -0.51234 }), { color: false })).toBe(
      [
        "── final step 50 · gcd-1 · sample 0 · gcd · level 1",
        "  PROMPT │ What is gcd(12, 18)?",
        "  MODEL  │ Let me compute.",
        "  CODE   │ gcd(12, 18)",
        "  OUTPUT │ 6",
        "  ANSWER │ \\boxed{6}",
        "  ✗ wrong: answered 7, expected 6 · score -1 · advantage -0.512 · answered · 20 tokens, 2 turns",
        "",
      ].join("\n"),
    );
  });

  test("control sequences of the model never reach the terminal", () => {
    const hostile = exampleRecord({
      question: "x",
      family: "\u001b]0;title\u0007",
      prediction: "\u001b[2J",
      correct: false,
      segments: [{ kind: "model", text: "\u001b[2J\u009b31m", tokens: 3 }],
    });
    expect(renderRecord(hostile, { color: false })).not.toMatch(/(?!\n)\p{Cc}/u);
    const afterEscapes = renderRecord(hostile, { color: true }).split("\u001b").slice(1);
    expect(afterEscapes.every((text) => /^\[[\d;]*m/.test(text))).toBe(true);
  });
});

describe("inspect", () => {
  let run: RunFolder;
  beforeAll(async () => {
    run = await createRunFolder(join(await mkdtemp(join(tmpdir(), "retool-inspect-")), "run"));
    await run.writeTrajectories("coldStart", [exampleRecord({ phase: "coldStart", step: 0, correct: false })]);
    await run.writeTrajectories("final", [exampleRecord(), exampleRecord({ problemId: "gcd-2", correct: false })]);
  });
  afterAll(() => rm(join(run.path, ".."), { recursive: true, force: true }));

  async function shown(path: string, options: Partial<InspectOptions>, json = true): Promise<string[]> {
    const lines: string[] = [];
    await inspect(path, { limit: 10, ...options }, { json, color: false, print: (text) => lines.push(text) });
    return lines;
  }

  test.each([
    ["everything", {}, 3],
    ["a phase", { phase: "final" }, 2],
    ["a step", { step: 0 }, 1],
    ["wrong answers", { correct: false }, 2],
    ["right answers", { correct: true }, 1],
    ["a problem", { problem: "gcd-2" }, 1],
    ["a limit", { limit: 1 }, 1],
    ["nothing", { phase: "other" }, 0],
  ])("shows %s", async (_, options, count) => {
    const lines = await shown(run.path, options);
    expect(lines.map((line) => JSON.parse(line))).toHaveLength(count);
  });

  test("one file is enough, and the last line counts", async () => {
    const [file] = await run.trajectoryFiles();
    expect((await shown(file!, {}, false)).at(-1)).toBe("1 shown of 1 that fit, of 1 rollouts; phases: coldStart");
  });

  test("a path without a run is the user's mistake", async () => {
    await expect(shown(run.file("absent"), {})).rejects.toThrow("expected the folder of a run, found nothing");
  });
});
