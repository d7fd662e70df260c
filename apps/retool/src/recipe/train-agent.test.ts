import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunFolder } from "@retool-ts/runs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainAgent, type Agent, type AgentTask, type RecipeSettings } from "../index.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-agent-"))));
afterAll(() => rm(folder, { recursive: true }));

const settings: RecipeSettings = {
  backend: "wasm",
  budgets: { maxResponseTokens: 16 },
  eval: { problems: 2 },
  train: { steps: 3, promptsPerStep: 2, groupSize: 4, oldLogProbs: "trainer", saveEvery: 1, evaluateEvery: 2 },
};

async function ask({ baseURL, apiKey, model, signal }: AgentTask, messages: readonly object[]): Promise<{ readonly content: string }> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` };
  const response = await fetch(`${baseURL}/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model, messages }),
    headers,
    signal,
  });
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  return choices[0]!.message;
}

/** Asks, asks again, and begins anew with a summary, as an agent with a short memory does. */
const agent: Agent = async (task) => {
  const question = { role: "user", content: task.problem.question };
  const first = await ask(task, [question]);
  const second = await ask(task, [question, { ...first, role: "assistant" }, { role: "user", content: "Are you sure?" }]);
  const third = await ask(task, [{ role: "user", content: `Sum up: ${second.content.slice(0, 10)}` }]);
  const score = (first.content.length + third.content.length) % 3;
  return { score, correct: score === 2, metrics: { length: first.content.length } };
};

const filesOf = (run: string) => Promise.all(["metrics.jsonl", "checkpoints/step-000003/model.safetensors", "checkpoints/step-000003/optimizer.safetensors"].map((name) => readFile(join(run, name)))); // prettier-ignore

test("an agent is trained as it is, on log-probabilities that are the trainer's, and goes on after an interruption to the byte", async () => {
  const whole = join(folder, "whole");
  const { phases } = await trainAgent({ agent, run: whole, preset: "smoke", settings });
  expect(Object.keys(phases)).toEqual(["coldStart", "final"]);
  const records = (await openRunFolder(whole)).readMetrics();
  expect(records).toHaveLength(3);
  for (const record of records) {
    expect(record).toMatchObject({ "agent/failed_share": 0, "agent/requests": 3, "agent/branches": 1, "agent/edited_turns": 0, "agent/unkept_turns": 0, "rollout/turns": 2 }); // prettier-ignore
    expect(Number(record["mismatch/log_prob_difference_max"])).toBeLessThan(1e-4);
    expect(Number(record["mismatch/log_prob_difference_max"])).toBeGreaterThan(0);
  }
  expect(records.some((record) => Number(record["optim/grad_norm"]) > 0)).toBe(true);
  expect(records[1]).toHaveProperty("eval/accuracy");
  expect(records[0]).toHaveProperty("reward/part/length");

  const stopped = join(folder, "stopped");
  const stop = new AbortController();
  let calls = 0;
  const stopping: Agent = (task) => {
    if (task.rollout.step === 1 && ++calls === 4) stop.abort(new DOMException("stopped", "AbortError"));
    return agent(task);
  };
  await expect(trainAgent({ agent: stopping, run: stopped, preset: "smoke", settings, signal: stop.signal })).rejects.toThrow(
    "interrupted",
  );
  await trainAgent({ agent, run: stopped, resume: true });
  expect(await filesOf(stopped)).toEqual(await filesOf(whole));
});

test("a step whose agents fail is skipped with a notice, and the run goes on", async () => {
  const run = join(folder, "failing");
  const said: string[] = [];
  const reporter = { say: (text: string) => void said.push(text), progress: () => ({ update() {}, done() {} }) };
  const failing: Agent = (task) => {
    if (task.rollout.step === 0) throw new Error("no key");
    return agent(task);
  };
  await trainAgent({ agent: failing, run, preset: "smoke", settings: { ...settings, train: { ...settings.train, evaluateEvery: null } }, reporter: reporter as never }); // prettier-ignore
  const records = (await openRunFolder(run)).readMetrics();
  expect(records.map((record) => record["agent/failed_share"])).toEqual([1, 0, 0]);
  expect(records[0]).toMatchObject({ "policy/trained_tokens": 0, "stop/toolFailed": 1 });
  expect(said).toContain("8 of 8 rollouts failed: 8 × threw: no key");
  expect(said.some((text) => text.startsWith("fewer than 50 % of the rollouts were scored"))).toBe(true);
});

test("an agent comes from a file that the config names, and a file without one is refused", async () => {
  const file = join(folder, "agent.mjs");
  await writeFile(
    file,
    `export default async ({ baseURL, apiKey, problem }) => {
      const headers = { "content-type": "application/json", authorization: "Bearer " + apiKey };
      const body = JSON.stringify({ messages: [{ role: "user", content: problem.question }] });
      await (await fetch(baseURL + "/chat/completions", { method: "POST", headers, body })).json();
      return 1;
    };`,
  );
  const { trainRecipe } = await import("../index.js");
  const parts = { sft: false, rl: true };
  const short = { ...settings, train: { ...settings.train, steps: 1 } };
  const { phases } = await trainRecipe({ run: join(folder, "file"), preset: "smoke", settings: { ...short, agent: { file } }, parts });
  expect(phases["final"]!.accuracy).toBe(1);
  const without = join(folder, "without.mjs");
  await writeFile(without, "export const other = 1;");
  const refused = (path: string) => trainRecipe({ run: join(folder, "no"), preset: "smoke", settings: { ...short, agent: { file: path } }, parts }); // prettier-ignore
  await expect(refused(without)).rejects.toThrow(/^agent: .*without\.mjs: expected a function as default export, found other \(number\)/);
  await rm(join(folder, "no"), { recursive: true, force: true });
  await expect(refused(join(folder, "absent.mjs"))).rejects.toThrow("found no such file. To mend it: check the path after --agent");
});
