import { createSandbox, type Sandbox } from "@retool-ts/sandbox";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { codeInterpreter, responseText, rolloutBatch, type Trajectory } from "../src/index.js";
import { agentOptions, answer, call, prompts, runOne } from "./rollout-options.js";
import { turn } from "./scripted-codec.js";
import { play, ScriptedSampler } from "./scripted-sampler.js";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ workers: 2, limits: { fuel: 100 } });
});
afterAll(() => sandbox.close());
beforeEach(() => expect(sandbox.stats().openSessions).toBe(0));

const tools = () => [codeInterpreter(sandbox, { stateful: true })];
const results = ({ toolCalls }: Trajectory): string[] => toolCalls.map(({ result }) => result);
const open = (): number => sandbox.stats().openSessions;

test("a rollout keeps its variables; a call that dies leaves them as before", async () => {
  const sampler = new ScriptedSampler(
    play(call("let n = 41"), call("n = 0; for (;;);"), call("n = null; throw 1"), call("n ??= 7; n + 1"), answer("8")),
  );
  const trajectory = await runOne(sampler, { tools: tools() });
  expect(results(trajectory)).toEqual(["", "[timeout: fuel limit]\n[variables are as before this cell]", "Uncaught 1", "8"]);
  expect(trajectory.stopReason).toBe("answered");
  expect(open()).toBe(0);
});

test("samples of a group share nothing, and the next rollout of the problem begins anew", async () => {
  const script = play(call("globalThis.count = (globalThis.count ?? 0) + 1"), call("count += Math.random(); count"), answer("1"));
  const batch = (workerSeed: number) =>
    rolloutBatch(prompts("a", "b"), { ...agentOptions(new ScriptedSampler(script), { tools: tools() }), samples: 3, step: workerSeed });
  const [first, second] = await Promise.all([batch(0), batch(0)]);
  const shown = first.flat().map(results);
  expect(new Set(shown.map((texts) => texts.join()))).toEqual(new Set([shown[0]!.join()]));
  expect(shown[0]![0]).toBe("1");
  expect(second).toEqual(first);
  expect(open()).toBe(0);
});

test("the outcome is the same whatever the other workers are doing", async () => {
  const script = play(
    call("const log = [Math.random()]; let f = () => log.length"),
    call("log.push(Date.now()); f()"),
    call("[log, Math.random()]"),
    answer("1"),
  );
  const batch = () =>
    rolloutBatch(prompts("a", "b", "c"), { ...agentOptions(new ScriptedSampler(script), { tools: tools() }), samples: 2, step: 0 });
  const quiet = await batch();
  const noise = sandbox.runBatch(Array.from({ length: 60 }, (_, i) => `range(1, ${40 * i}).map((x) => x ** 2).length`));
  expect(await batch()).toEqual(quiet);
  await noise;
});

test("the session is closed when the sampler throws, and when the rollout is aborted", async () => {
  let turns = 0;
  const failing = new ScriptedSampler((state) => {
    if (turns++ > 0) throw new Error("the model is gone");
    return play(call("let n = 1"))(state);
  });
  await expect(runOne(failing, { tools: tools() })).rejects.toThrow("the model is gone");
  expect(open()).toBe(0);

  const controller = new AbortController();
  setTimeout(() => controller.abort(), 100);
  const sampler = new ScriptedSampler(play(call("let n = 1"), turn("<code>'x'.padEnd(5e6); for (;;) ''.padEnd(5e6)</code>"), answer("1")));
  const trajectory = await runOne(sampler, { tools: tools(), signal: controller.signal });
  expect(trajectory.stopReason).toBe("aborted");
  expect(responseText(trajectory)).not.toContain("<answer>");
  expect(open()).toBe(0);
});

test("without the option each call has a fresh world", async () => {
  const sampler = new ScriptedSampler(play(call("globalThis.kept = 1"), call("typeof kept"), answer("1")));
  expect(results(await runOne(sampler, { tools: [codeInterpreter(sandbox, { stateful: false })] }))[1]).toBe("'undefined'");
});
