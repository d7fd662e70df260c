import { describe, expect, test } from "vitest";
import { exampleRecord } from "../../runs/test/example-run.js";
import type { TrajectoryRecord } from "@retool-ts/runs";
import { pageOf, runWith } from "./example-page.test-support.js";
import { CHECKPOINT_PHASE, purposesOf } from "./run-analysis.js";

describe("a report", () => {
  test("sets reasoning, code, output and answer apart", () => {
    const page = pageOf(runWith([exampleRecord()]));
    for (const part of [
      '<section class="block prompt"><p class="label">Prompt</p><pre>What is gcd(12, 18)?</pre>',
      '<section class="block reasoning"><p class="label">Reasoning</p><pre>Let me compute.</pre>',
      '<section class="block code"><p class="label">Code</p><pre>gcd(12, 18)</pre>',
      '<section class="block output"><p class="label">Output</p><pre>6</pre>',
      '<section class="block answer"><p class="label">Answer</p><pre>\\boxed{6}</pre>',
      '<b class="badge right">✓ right</b>',
      "stopped: answered",
    ]) {
      expect(page).toContain(part);
    }
  });

  test("marks output of a failed call", () => {
    const [call] = exampleRecord().toolCalls;
    expect(pageOf(runWith([exampleRecord({ toolCalls: [{ ...call!, status: "fuel" }] })]))).toContain('<p class="label">Output · fuel</p>');
  });

  test("shows the same problem before and after", () => {
    const before = exampleRecord({ phase: "coldStart", step: 0, correct: false, prediction: "7" });
    const page = pageOf(runWith([before, exampleRecord()]));
    expect(page).toContain("1 went from wrong to right, 0 from right to wrong");
    expect(page).toContain('<div class="sides"><article class="rollout wrong"');
  });

  test("sets the paper's measures before and after side by side, with what the code is for", () => {
    const before = exampleRecord({ phase: "coldStart", step: 0, toolCalls: [], correct: false });
    const page = pageOf(runWith([before, exampleRecord()]));
    expect(page).toContain(
      '<small>share of responses that contain code</small></th><td data-label="Cold start, before RL">0.0 %</td><td data-label="Final, after RL">100.0 %</td><td data-label="change">+100.0 points</td>',
    );
    expect(page).toContain('<div class="name">number theory</div>');
    expect(page).toContain("No self-correction:");
  });

  test("shows a self-correction from the failing code to the output of the code that replaced it", () => {
    const model = (text: string) => ({ kind: "model" as const, text, tokens: 5 });
    const tool = (text: string) => ({ kind: "tool" as const, text: `<interpreter>${text}</interpreter>`, tokens: 3 });
    const call = exampleRecord().toolCalls[0]!;
    const record = exampleRecord({
      segments: [
        { kind: "prompt", text: "What is gcd(12, 18)?", tokens: 9 },
        model("Before.<code>gdc(12, 18)</code>"),
        tool("gdc is not defined"),
        model("Oops, a typo.<code>gcd(12, 18)</code>"),
        tool("6"),
        model("After.<answer>\\boxed{6}</answer>"),
      ],
      toolCalls: [{ ...call, input: "gdc(12, 18)", result: "gdc is not defined", status: "error" }, call],
    });
    const page = pageOf(runWith([record]));
    const [, section] = /<h3>Self-corrections<\/h3>([^]*?)<\/section>\s*<section id="curves">/.exec(page)!;
    expect(section).toContain("1 time a failing call was followed");
    for (const part of ["gdc(12, 18)", "Output · error", "Oops, a typo.", "<pre>gcd(12, 18)</pre>", "<pre>6</pre>"])
      expect(section).toContain(part);
    for (const part of ["Before.", "After."]) expect(section).not.toContain(part);
  });

  test("shows one problem at several checkpoints, and keeps those rollouts out of everything else", () => {
    const at = (step: number, correct: boolean) => exampleRecord({ phase: CHECKPOINT_PHASE, step, correct, problemId: "p" });
    const run = runWith([at(30, true), at(10, false), at(20, false)]);
    expect(run.analysis!.steps).toEqual([]);
    const page = pageOf(run);
    const [, strip] = /<div class="strip"[^>]*>([^]*?)<\/section>\s*<section id="rollouts">/.exec(page)!;
    expect([...strip!.matchAll(/Checkpoint, step (\d+)/g)].map(([, step]) => step)).toEqual(["10", "20", "30"]);
    expect(pageOf(runWith([at(1, false), at(2, true)]))).not.toContain('class="strip"');
  });

  test("the text before a call counts for what its code is for", () => {
    const text = (kind: "model" | "tool", part: string) => ({ kind, text: part, tokens: 1 });
    const call = exampleRecord().toolCalls[0]!;
    const segments = [text("model", "<code>2+3</code>"), text("tool", "5"), text("model", "Let me verify this.<code>3+2</code>")];
    expect(purposesOf({ segments, toolCalls: ["2+3", "3+2"].map((input) => ({ ...call, input })) })).toEqual([
      "calculation",
      "verification",
    ]);
  });

  test("draws known metrics with their explanations, gaps for NaN, and unknown ones too", () => {
    const metrics = [1, 2, 3].map((step) => ({
      phase: "rl",
      step: 100 + step,
      "rl/step": step,
      "reward/mean": step === 2 ? Number.NaN : step,
      "my/metric": 1,
    }));
    const page = pageOf(runWith([], { metrics }));
    expect(page).toContain("<b>Reward</b><output>last 3</output>");
    expect(page).toMatch(/<path class="line s0 " d="M46 \d+M350 \d+"\/>/);
    expect(page).toContain("1 more metrics");
    expect(page).toContain("<b>my/metric</b>");
  });

  test("a run that has only begun has a report too", () => {
    const { summary: _, ...run } = runWith([]);
    const page = pageOf(run);
    expect(page).toContain("no evaluation yet");
    expect(page).toContain("This run kept no rollouts");
  });
});

test("the same rollouts are chosen whatever the order, and never more than a page holds", () => {
  const records = Array.from({ length: 500 }, (_, i) => exampleRecord({ problemId: `p${i}`, correct: i % 5 > 0 }));
  const choose = (list: readonly TrajectoryRecord[]) =>
    runWith(list)
      .records.records()
      .map(({ problemId }) => problemId)
      .sort();
  expect(choose([...records].reverse())).toEqual(choose(records));
  expect(choose(records)).toHaveLength(80);
});
