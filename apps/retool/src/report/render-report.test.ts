import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exampleRecord, exampleSummary } from "../../test/example-run.js";
import { createRunFolder } from "../open-run-folder.js";
import type { TrajectoryRecord } from "../trajectory-record.js";
import { verdictSentences } from "./headline.js";
import { markup, modelText } from "./html.js";
import { RecordSample } from "./record-sample.js";
import { renderReport } from "./render-report.js";
import type { RunData } from "./run-data.js";
import { AnalysisCollector, CHECKPOINT_PHASE, purposesOf } from "./run-analysis.js";
import { niceScale, shortNumber } from "./scale.js";
import { writeReport } from "./write-report.js";

const HOSTILE = `</script></style></pre></textarea><script>alert(1)</script><img src=x onerror='a()'>"'\`\u0000\u001b[2J\u202efdp\ud800]]>-->`;

function runWith(records: readonly TrajectoryRecord[], more: Partial<RunData> = {}): RunData {
  const sample = new RecordSample();
  const analysis = new AnalysisCollector();
  for (const record of records) {
    sample.add(record);
    analysis.add(record);
  }
  return { name: "run", summary: exampleSummary(), metrics: [], records: sample, analysis: analysis.finish(), ...more };
}

/** Without the white space between elements, which no reader sees. */
function pageOf(run: RunData): string {
  return renderReport(run).replace(/\s+/g, " ").replaceAll("> <", "><").replaceAll(" >", ">");
}

test("templates escape text in content and attributes, and keep markup", () => {
  expect(markup`<a title="${`"'<&>`}">${"<b>"}${[markup`<i>${1}</i>`, undefined, "&"]}</a>`.markup).toBe(
    '<a title="&quot;&#39;&lt;&amp;&gt;">&lt;b&gt;<i>1</i>&amp;</a>',
  );
  expect(modelText("<\u0007\u202e").markup).toBe('&lt;<b class="ctl">␇</b><b class="ctl">⟨U+202E⟩</b>');
});

describe("a report", () => {
  test("sets reasoning, code, output and answer apart", () => {
    const page = pageOf(runWith([exampleRecord()]));
    for (const part of [
      '<section class="block prompt"><h5>Prompt</h5><pre>What is gcd(12, 18)?</pre>',
      '<section class="block reasoning"><h5>Reasoning</h5><pre>Let me compute.</pre>',
      '<section class="block code"><h5>Code</h5><pre>gcd(12, 18)</pre>',
      '<section class="block output"><h5>Output</h5><pre>6</pre>',
      '<section class="block answer"><h5>Answer</h5><pre>\\boxed{6}</pre>',
      '<b class="badge right">✓ right</b>',
      "stopped: answered",
    ]) {
      expect(page).toContain(part);
    }
  });

  test("marks output of a failed call", () => {
    const [call] = exampleRecord().toolCalls;
    expect(pageOf(runWith([exampleRecord({ toolCalls: [{ ...call!, status: "fuel" }] })]))).toContain("<h5>Output · fuel</h5>");
  });

  test("hostile text anywhere in a run stays text", () => {
    const text = (kind: "prompt" | "model" | "tool") => ({ kind, text: HOSTILE, tokens: 1 });
    const record = exampleRecord({
      phase: HOSTILE,
      problemId: HOSTILE,
      question: HOSTILE,
      groundTruth: HOSTILE,
      family: HOSTILE,
      prediction: HOSTILE,
      correct: false,
      parts: { [HOSTILE]: 1, b: 2 },
      segments: [text("prompt"), text("model"), text("tool"), { ...text("model"), text: `<code>${HOSTILE.repeat(40)}` }],
    });
    const summary = exampleSummary();
    const phase = { ...summary.phases["final"]!, families: { [HOSTILE]: { n: 1, accuracy: 1 } } };
    const [call] = record.toolCalls;
    const corrected = {
      correct: true,
      toolCalls: [
        { ...call!, input: HOSTILE, result: HOSTILE, status: "error" as const },
        { ...call!, input: `${HOSTILE}2`, result: HOSTILE },
      ],
    };
    const history = [1, 2, 3].map((step) => ({ ...record, phase: CHECKPOINT_PHASE, step }));
    const page = renderReport(
      runWith([record, { ...record, ...corrected, phase: "final" }, ...history], {
        name: HOSTILE,
        summary: { ...summary, backend: HOSTILE, phases: { [HOSTILE]: phase, final: phase } },
        manifest: { [HOSTILE]: HOSTILE },
        metrics: [1, 2].map((step) => ({
          phase: HOSTILE,
          step,
          stage: `${step}${HOSTILE}`,
          [HOSTILE]: step,
          [`stop/${HOSTILE}`]: 1,
          "reward/mean": 1,
        })),
      }),
    );
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page.match(/<\/script/g)).toHaveLength(1);
    expect(page.match(/<\/style/g)).toHaveLength(1);
    expect(page).not.toMatch(/<(img|textarea|iframe)/);
    expect(page).not.toMatch(/(?![\n\t])\p{Cc}|\u202e|\p{Cs}/u);
    for (const attribute of page.matchAll(/<[a-z][^<>]*>/g)) expect(attribute[0]).not.toMatch(/\son\w+\s*=\s*["'a-z]/i);
  });

  test("loads nothing from elsewhere and lets only its own script run", () => {
    const page = renderReport(runWith([exampleRecord()]));
    expect(page).not.toMatch(/(src|href)="(?!#|data:)|@import|url\(|https?:\/\//);
    const [, script] = /<script>([^]*)<\/script>/.exec(page)!;
    expect(page).toContain(
      `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash("sha256").update(script!).digest("base64")}'`,
    );
  });

  test("stays below three megabytes whatever models write, and says how much it shows", () => {
    const records = Array.from({ length: 600 }, (_, i) =>
      exampleRecord({
        problemId: `p${i}`,
        phase: i % 2 === 0 ? "coldStart" : "final",
        correct: i % 3 === 0,
        segments: [{ kind: "model", text: "\u0007".repeat(50_000), tokens: 9 }],
      }),
    );
    const metrics = Array.from({ length: 5_000 }, (_, step) =>
      Object.fromEntries([["phase", "rl"], ["step", step], ...Array.from({ length: 60 }, (_, i) => [`m/${i}`, Math.sin(step * i) * 1e-9])]),
    );
    const histories = [1, 2, 3].flatMap((step) => records.slice(0, 3).map((record) => ({ ...record, phase: CHECKPOINT_PHASE, step })));
    const page = renderReport(runWith([...records, ...histories.map((record) => ({ ...record, sampleIndex: 0 }))], { metrics }));
    expect(Buffer.byteLength(page)).toBeLessThan(3_000_000);
    expect(page).toMatch(/\d+ of 609 rollouts are on this page/);
    expect(page).toContain("more characters are left out of this page");
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
    expect(page).toContain("<small>share of responses that contain code</small></th><td>0.0 %</td><td>100.0 %</td><td>+100.0 points</td>");
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
    const [, strip] = /<div class="strip">([^]*?)<\/section>\s*<section id="rollouts">/.exec(page)!;
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

describe("the verdict in words", () => {
  const summary = exampleSummary();
  const withAccuracy = (...values: readonly (readonly [number, number, number])[]) => ({
    ...summary,
    phases: Object.fromEntries(
      values.map(([low, accuracy, high], i) => [
        i === 0 ? "coldStart" : "final",
        { ...summary.phases["final"]!, accuracy, ci95: [low, high] as const },
      ]),
    ),
  });

  test.each([
    [
      [
        [0.45, 0.52, 0.59],
        [0.93, 0.965, 0.99],
      ],
      "Accuracy went from 52.0 % (cold start, before RL) to 96.5 % (final, after RL): +44.5 points. The 95 % intervals do not overlap.",
    ],
    [
      [
        [0.45, 0.52, 0.59],
        [0.43, 0.5, 0.57],
      ],
      "Accuracy went from 52.0 % (cold start, before RL) to 50.0 % (final, after RL): −2.0 points. The 95 % intervals overlap, so this may be chance.",
    ],
    [
      [
        [0, 0, 0.02],
        [0, 0.01, 0.04],
      ],
      "Accuracy is near zero: 1.0 % of the answers to 200 problems were right.",
    ],
    [[[0.45, 0.52, 0.59]], "Cold start, before RL: 52.0 % of the answers to 200 problems were right."],
  ] as const)("%j", (values, sentence) => {
    expect(verdictSentences(withAccuracy(...values))[0]).toBe(sentence);
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

test("scales end on round numbers", () => {
  expect(niceScale(-0.31, 0.78).ticks).toEqual([-0.5, 0, 0.5, 1]);
  expect(niceScale(3, 3).ticks.length).toBeGreaterThan(1);
  expect(niceScale(0, 0).ticks).toContain(0);
  expect([0, 0.0431, 1234.5, 2e6, 1.5e-5, -0.00938].map(shortNumber)).toEqual(["0", "0.0431", "1,235", "2e6", "1.5e-5", "-0.00938"]);
});

test("writeReport puts the page into the run's folder, equal bytes each time", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-report-"));
  try {
    const run = await createRunFolder(join(folder, "run"));
    await run.writeSummary(exampleSummary());
    await run.writeTrajectories("final", [exampleRecord()]);
    const path = await writeReport(run.path);
    const page = await readFile(path, "utf8");
    expect(path).toBe(run.file("report.html"));
    expect(page.endsWith("</html>\n")).toBe(true);
    expect(await readFile(await writeReport(run.path, join(folder, "other.html")), "utf8")).toBe(page);
    await expect(writeReport(join(folder, "absent"))).rejects.toThrow("expected the folder of a run");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
