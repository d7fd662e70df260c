import { createHash } from "node:crypto";
import { expect, describe, test } from "vitest";
import { exampleRecord, exampleSummary } from "../../runs/test/example-run.js";
import { runWith } from "./example-page.test-support.js";
import { markup, modelText } from "./markup.js";
import { renderReport } from "./render-report.js";
import { CHECKPOINT_PHASE } from "./run-analysis.js";

const HOSTILE = `</script></style></pre></textarea><script>alert(1)</script><img src=x onerror='a()'>"'\`\u0000\u001b[2J\u202efdp\ud800]]>-->`;

test("templates escape text in content and attributes, and keep markup", () => {
  expect(markup`<a title="${`"'<&>`}">${"<b>"}${[markup`<i>${1}</i>`, undefined, "&"]}</a>`.markup).toBe(
    '<a title="&quot;&#39;&lt;&amp;&gt;">&lt;b&gt;<i>1</i>&amp;</a>',
  );
  expect(modelText("<\u0007\u202e").markup).toBe('&lt;<b class="ctl">␇</b><b class="ctl">⟨U+202E⟩</b>');
});

describe("a report of a hostile run", () => {
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
});
