import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Problem } from "@retool-ts/data";
import { trainAgent, type Agent } from "retool";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scriptedServer } from "../../../packages/serve/test/scripted-model.js";
import { xmlFormat } from "@retool-ts/serve";
import { agent as aiSdk } from "./ai-sdk-agent.js";
import { agent as mcp } from "./mcp-agent.js";
import { agent as openai } from "./openai-agent.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-agents-"))));
afterAll(() => rm(folder, { recursive: true }));

const problem: Problem = { id: "1", question: "What is 6 * 7?", answer: "42", source: "test" };

describe.each<[string, Agent]>([
  ["ai-sdk", aiSdk],
  ["openai", openai],
  ["mcp", mcp],
])("the agent %s", (name, agent) => {
  test("runs the policy's code, shows it the result, and scores its answer", async () => {
    const replies = ["<code>6 * 7</code>", "<answer>\\boxed{42}</answer>"];
    const { server, sampler } = await scriptedServer((_, call) => replies[call]!, { format: xmlFormat() });
    const rollout = server.openRollout({ problemId: "1", sampleIndex: 0, seed: 1, step: 0 });
    const names = { problemId: "1", sampleIndex: 0, seed: 1, step: 0 };
    const task = {
      problem,
      baseURL: rollout.baseURL,
      apiKey: "none",
      model: "policy",
      rollout: names,
      signal: new AbortController().signal,
    };
    expect(await agent(task)).toMatchObject({ score: 1, correct: true, info: "42" });
    const [trajectory, ...others] = rollout.trajectories();
    expect(others).toEqual([]);
    expect(trajectory!.segments.map(({ kind, text }) => [kind, text])).toEqual([
      ["prompt", "What is 6 * 7?\n"],
      ["model", "<code>6 * 7</code>"],
      ["tool", "\n<interpreter>\n42</interpreter>\n\n"],
      ["model", "<answer>\\boxed{42}</answer>"],
    ]);
    expect(trajectory!.toolCalls).toMatchObject([{ tool: "code_interpreter", input: "6 * 7", result: "42" }]);
    expect(sampler.decoded).toHaveLength(2);
    await server.close(0);
  });

  test("is trained at a reduced size", async () => {
    const settings = { backend: "wasm", budgets: { maxResponseTokens: 16 }, eval: { problems: 4 }, train: { steps: 1, promptsPerStep: 2, groupSize: 2, oldLogProbs: "trainer" } } as const; // prettier-ignore
    const records: string[] = [];
    const reporter = { say: (text: string) => void records.push(text), progress: () => ({ update() {}, done() {} }) };
    const { phases } = await trainAgent({ agent, run: join(folder, name), preset: "smoke", settings, reporter: reporter as never });
    expect(phases["coldStart"]!.n).toBe(4);
    expect(phases["final"]!.n).toBe(4);
    expect(records.filter((text) => text.includes("failed"))).toEqual([]);
  });
});
