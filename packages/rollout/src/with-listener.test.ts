import { expect, test } from "vitest";
import { FakeCodeRunner } from "../test/fake-code-runner.js";
import { agentOptions, answer, call, KEY, PROMPT } from "../test/rollout-options.js";
import { codec } from "../test/scripted-codec.js";
import { play, ScriptedSampler } from "../test/scripted-sampler.js";
import { runAgent } from "./agent-loop.js";
import { codeInterpreter } from "./code-interpreter.js";
import { withListener } from "./with-listener.js";

test("a listener is told of every token after the prompt, in order, and nothing else changes", async () => {
  const tools = () => [codeInterpreter(new FakeCodeRunner(() => ({ feedback: "42" })))];
  const roll = async (listen: boolean) => {
    const sampler = new ScriptedSampler(play(call("6*7"), answer("42")));
    const told: (readonly [kind: string, ids: readonly number[]])[] = [];
    const listener = { onToken: (id: number) => void told.push(["token", [id]]), onExtend: (ids: readonly number[]) => void told.push(["extend", ids]) }; // prettier-ignore
    const used = listen ? withListener(sampler, listener) : sampler;
    const options = { ...agentOptions(sampler, { tools: tools(), now: () => 0 }), sampler: used };
    return { told, trajectory: await runAgent(used.open(PROMPT), PROMPT, KEY, options) };
  };
  const [heard, plain] = [await roll(true), await roll(false)];
  expect(heard.trajectory).toEqual(plain.trajectory);
  expect(heard.told.flatMap(([, ids]) => ids)).toEqual([...heard.trajectory.tokenIds.subarray(PROMPT.length)]);
  expect(heard.told.filter(([kind]) => kind === "extend").map(([, ids]) => codec.decode(ids))).toEqual([
    "\n<interpreter>\n42</interpreter>\n\n",
  ]);
});
