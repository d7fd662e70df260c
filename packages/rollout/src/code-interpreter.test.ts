import { expect, test } from "vitest";
import { FakeCodeRunner } from "../test/fake-code-runner.js";
import { CODE_INTERPRETER, codeInterpreter } from "./code-interpreter.js";

const context = { problemId: "p", sampleIndex: 0, callIndex: 0 };

test("feedback, status and fuel come from the sandbox", async () => {
  const sandbox = new FakeCodeRunner(() => ({ feedback: "RangeError: too deep", status: "stack", fuel: 7 }));
  const tool = codeInterpreter(sandbox);
  expect(tool.name).toBe(CODE_INTERPRETER);
  expect(await tool.call({ code: "f()" }, context)).toEqual({ text: "RangeError: too deep", status: "stack", fuel: 7 });
  expect(sandbox.codes).toEqual(["f()"]);
});

test("the rollout's signal reaches the sandbox", async () => {
  const sandbox = new FakeCodeRunner(() => ({ feedback: "" }));
  const { signal } = new AbortController();
  await codeInterpreter(sandbox).call({ code: "" }, { ...context, signal });
  await codeInterpreter(sandbox).call({ code: "" }, context);
  expect(sandbox.signals).toEqual([signal, undefined]);
});

test("a sandbox that rejects is infra", async () => {
  const sandbox = new FakeCodeRunner(() => Promise.reject(new Error("the worker is gone")));
  expect(await codeInterpreter(sandbox).call({ code: "1" }, context)).toEqual({ text: "code_interpreter is unavailable", status: "infra" });
});

test("a call without code is an error that the policy reads", async () => {
  const sandbox = new FakeCodeRunner(() => ({ feedback: "" }));
  const { text, status } = await codeInterpreter(sandbox).call({ source: "1" }, context);
  expect(status).toBe("error");
  expect(text).toContain("invalid arguments for code_interpreter: code:");
  expect(sandbox.codes).toEqual([]);
});
