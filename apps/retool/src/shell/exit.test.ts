import { InputError, RetoolError } from "@retool-ts/core";
import { expect, test } from "vitest";
import { endingOf } from "./exit.js";
import { nodeVersionProblem } from "./node-version.js";

const input = new InputError({ what: "config", where: "seed", expected: "a number", found: '"x"', fix: "write a number" });
const abort = Object.assign(new Error("the state is saved. Go on with: retool train --resume runs/a"), { name: "AbortError" });

test.each([
  ["the user's mistake", input, 2, 'error: config: seed: expected a number, found "x". To mend it: write a number.'],
  ["a known failure", new RetoolError("OUT_OF_MEMORY", "no memory"), 1, "error: no memory"],
  ["an unknown failure", new TypeError("x is undefined"), 1, "error: x is undefined\nRun again with RETOOL_DEBUG=1 for the stack."],
  ["something thrown that is no error", "text", 1, "error: text\nRun again with RETOOL_DEBUG=1 for the stack."],
  ["an interruption that was saved", abort, 130, "the state is saved. Go on with: retool train --resume runs/a"],
  [
    "a full disk",
    Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write", path: "runs/a/summary.json" }),
    1,
    "error: runs/a/summary.json: no space is left on the device. To mend it: free some of it, then give the same command again; a run goes on with --resume.",
  ],
  [
    "a failure without a path",
    Object.assign(new Error("EROFS"), { code: "EROFS", syscall: "open" }),
    1,
    "error: open: the file system is read-only. To mend it: name another place.",
  ],
  ["a bare abort", AbortSignal.abort().reason, 130, "interrupted"],
  ["bad usage", Object.assign(new Error("unknown option"), { code: "commander.unknownOption", exitCode: 1 }), 2, ""],
  ["help", Object.assign(new Error("(outputHelp)"), { code: "commander.helpDisplayed", exitCode: 0 }), 0, ""],
])("%s", (_, error: unknown, exitCode, message) => {
  expect(endingOf(error, { debug: false })).toEqual({ exitCode, message });
});

test("what a library names in its own terms is told in terms of the config", () => {
  const problem = { what: "KV cache", where: "backend wasm", expected: "at most 1 GiB more", found: "2 GiB", fix: "lower maxSequences" };
  const error = Object.assign(new InputError(problem), { remedies: ["fewer-sequences", "native-backend"] });
  const way = "lower sampler.kvCacheMiB, train.groupSize or budgets.maxResponseTokens, or use native TensorFlow (`retool native install`)";
  const message = `error: KV cache: backend wasm: expected at most 1 GiB more, found 2 GiB. To mend it: ${way}.`;
  expect(endingOf(error, { debug: false })).toEqual({ exitCode: 2, message });
});

test("debugging adds the stack", () => {
  expect(endingOf(new TypeError("x"), { debug: true }).message).toMatch(/^error: x\nTypeError: x\n +at /);
});

test.each([
  ["18.20.0", true],
  ["20.18.1", true],
  ["20.19.0", false],
  ["22.0.0", false],
])("Node %s is too old: %s", (version, tooOld) => {
  expect(nodeVersionProblem(version) !== undefined).toBe(tooOld);
});
