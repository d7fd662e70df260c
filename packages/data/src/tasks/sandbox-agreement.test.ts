import { RandomStream } from "@retool-ts/core";
import { createSandbox, type Sandbox } from "@retool-ts/sandbox";
import { expect, test } from "vitest";
import { taskFamilies } from "./families.js";
import { mixtures, pickTraceKind } from "./mixtures.js";
import { createTaskSource } from "./task-source.js";
import { planTrace, type TracePlan } from "./trace-plan.js";
import { finishTrace } from "./trace.js";

test("in the sandbox every style gives the answer, wrong code another value, and broken code an error", async () => {
  await using sandbox = await createSandbox();
  const random = new RandomStream(3, ["sandbox-agreement"]);
  const cases = taskFamilies.flatMap((family) =>
    Array.from({ length: 24 }, (_, i) => family.generate(random, ([1, 2, 3] as const)[i % 3]!)).flatMap((instance) => [
      ...instance.code.map((code) => ({ code, expected: `ok ${instance.answer}` })),
      { code: instance.wrongCode(random), expected: `not ${instance.answer}` },
      { code: instance.brokenCode(random), expected: "error" },
    ]),
  );
  const results = await sandbox.runBatch(cases.map(({ code }) => code));
  const unexpected = cases.filter(({ expected }, i) => {
    const { status, feedback } = results[i]!;
    if (expected === "error") return status !== "error";
    return status !== "ok" || (expected !== `ok ${feedback}` && (expected.startsWith("ok") || expected === `not ${feedback}`));
  });
  expect(unexpected).toEqual([]);
});

/** The traces that the sandbox's outputs do not bear out. */
async function rejectedOf(plans: readonly TracePlan[], sandbox: Sandbox) {
  const results = await sandbox.runBatch(plans.flatMap(({ calls }) => calls.map(({ code }) => code)));
  const feedbacks = results.map(({ status, feedback }) => ({ feedback, ok: status === "ok" }));
  let next = 0;
  return plans
    .map((plan) => finishTrace(plan, feedbacks.slice(next, (next += plan.calls.length))))
    .filter(({ status }) => status === "rejected");
}

test("500 planned traces of the imperfect mixture, run in one batch, are all accepted", async () => {
  await using sandbox = await createSandbox();
  const source = createTaskSource({ seed: 11, split: "train" });
  const plans = Array.from({ length: 500 }, (_, index) => {
    const stream = new RandomStream(11, ["trace", index]);
    return planTrace(source.problem(index), pickTraceKind(mixtures.imperfect, stream), stream);
  });
  expect(await rejectedOf(plans, sandbox)).toEqual([]);
});

test("a sandbox without functions runs the plain snippets of all levels; traces with broken ones are accepted too", async () => {
  await using sandbox = await createSandbox({ prelude: "" });
  const source = createTaskSource({ seed: 12, split: "train" });
  const plans = Array.from({ length: 200 }, (_, index) => {
    const stream = new RandomStream(12, ["trace", index]);
    return planTrace(source.problem(index), index % 4 === 0 ? "brokenThenFix" : "clean", stream, { snippets: "plain" });
  });
  expect(await rejectedOf(plans, sandbox)).toEqual([]);
  expect((await sandbox.run("gcd(4,6)")).feedback).toContain("'gcd' is not defined");
});
