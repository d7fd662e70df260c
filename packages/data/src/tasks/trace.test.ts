import { RandomStream } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { corpus } from "./corpus.js";
import { mixtures, pickTraceKind, type TraceKind } from "./mixtures.js";
import { runSnippet } from "./snippet-realm.test-support.js";
import { createTaskSource, type GeneratedProblem } from "./task-source.js";
import { traceText } from "./trace-format.js";
import { planTrace } from "./trace-plan.js";
import { finishTrace, type CallFeedback, type TraceResult } from "./trace.js";

const source = createTaskSource({ seed: 5, split: "train" });
const stream = () => new RandomStream(5, ["trace-test"]);

function execute(code: string): CallFeedback {
  try {
    return { feedback: runSnippet(code), ok: true };
  } catch (error) {
    return { feedback: String(error), ok: false };
  }
}

/** Plans a trace, runs its calls and finishes it. */
function traceOf(problem: GeneratedProblem, kind: TraceKind, random: RandomStream): TraceResult {
  const plan = planTrace(problem, kind, random);
  return finishTrace(
    plan,
    plan.calls.map(({ code }) => execute(code)),
  );
}

const gcdProblem = Array.from({ length: 100 }, (_, i) => source.problem(i)).find(({ family }) => family === "gcd")!;

describe("traces", () => {
  test.each<TraceKind>(["clean", "text", "guess", "brokenThenFix", "wrongThenRedo", "uselessCall", "places", "checked"])(
    "%s: every one of 300 is accepted, starts and ends with the model, and ends in the true answer",
    (kind) => {
      const random = stream();
      for (let i = 0; i < 300; i++) {
        const problem = source.problem(i);
        const result = traceOf(problem, kind, random);
        if (result.status === "rejected") throw new Error(`${result.reason}: ${JSON.stringify(result.plan.calls)}`);
        const { segments } = result.trace;
        const calls = { clean: 1, text: 0, guess: 0, brokenThenFix: 2, wrongThenRedo: 2, uselessCall: 2, places: 0, checked: 0 }[kind];
        expect(segments.map((segment) => segment.kind)).toEqual([...Array(calls).fill(["model", "tool"]).flat(), "model"]);
        expect(segments.at(-1)!.text.endsWith(`<answer>\\boxed{${problem.answer}}</answer>`)).toBe(true);
      }
    },
  );

  test("a clean trace is code, real output, answer", () => {
    const result = traceOf(gcdProblem, "clean", stream());
    const answer = gcdProblem.answer;
    expect(result.status === "ok" && traceText(result.trace.segments)).toBe(
      `<code>${gcdProblem.instance.code[0]}</code><interpreter>${answer}</interpreter><answer>\\boxed{${answer}}</answer>`,
    );
  });

  test("another format changes the tags only", () => {
    const fence = {
      codeOpen: "<code>\n```js\n",
      codeClose: "\n```\n</code>\n",
      resultOpen: "<interpreter>\n",
      resultClose: "\n</interpreter>\n",
      answerOpen: "<answer>\n\\boxed{",
      answerClose: "}\n</answer>",
    };
    const plan = planTrace(gcdProblem, "clean", stream());
    const result = finishTrace(plan, [{ feedback: `${gcdProblem.answer}\n`, ok: true }], fence);
    expect(result.status === "ok" && traceText(result.trace.segments)).toBe(
      `<code>\n\`\`\`js\n${plan.calls[0]!.code}\n\`\`\`\n</code>\n<interpreter>\n${gcdProblem.answer}\n\n</interpreter>\n<answer>\n\\boxed{${gcdProblem.answer}}\n</answer>`,
    );
  });

  test("an output that is not the answer rejects the trace with a reason", () => {
    const plan = planTrace(gcdProblem, "clean", stream());
    expect(finishTrace(plan, [{ feedback: "-1", ok: true }])).toEqual({
      status: "rejected",
      plan,
      reason: `clean, call 1: expected ${gcdProblem.answer}, the interpreter returned -1`,
    });
    expect(finishTrace(plan, [{ feedback: gcdProblem.answer, ok: false }]).status).toBe("rejected");
  });

  test("broken code that runs and wrong code that is right are rejected", () => {
    const right = { feedback: gcdProblem.answer, ok: true };
    expect(finishTrace(planTrace(gcdProblem, "brokenThenFix", stream()), [right, right])).toMatchObject({
      reason: expect.stringContaining("expected an error"),
    });
    expect(finishTrace(planTrace(gcdProblem, "wrongThenRedo", stream()), [right, right])).toMatchObject({
      reason: expect.stringContaining("other than"),
    });
  });

  test("a feedback short is the caller's mistake", () => {
    expect(() => finishTrace(planTrace(gcdProblem, "clean", stream()), [])).toThrow("expected 1, one for each call, got 0");
  });
});

describe("mixtures", () => {
  test("are percentages, with code in 50, 13 and 0 of 100 rows", () => {
    const share = (mixture: keyof typeof mixtures, kinds: readonly TraceKind[]) =>
      mixtures[mixture].filter(([kind]) => kinds.includes(kind)).reduce((sum, [, weight]) => sum + weight, 0);
    const code: readonly TraceKind[] = ["clean", "brokenThenFix", "wrongThenRedo", "uselessCall"];
    expect([share("imperfect", code), share("textHeavy", code), share("textOnly", code)]).toEqual([50, 13, 0]);
    for (const name of Object.keys(mixtures) as (keyof typeof mixtures)[]) expect(share(name, [...code, "text", "guess"])).toBe(100);
  });

  test("are drawn in their proportions", () => {
    const random = stream();
    const kinds = Array.from({ length: 5000 }, () => pickTraceKind(mixtures.imperfect, random));
    expect(kinds.filter((kind) => kind === "guess").length / 5000).toBeCloseTo(0.25, 1);
  });
});

test("a corpus of 2,000 texts has a vocabulary of fewer than 200 words and signs", () => {
  const texts = corpus(2000);
  expect(texts).toHaveLength(2000);
  expect(texts).toEqual(corpus(2000));
  expect(new Set(texts.flatMap((text) => text.match(/[A-Za-z]+|[^\sA-Za-z]/g) ?? [])).size).toBeLessThan(200);
});
