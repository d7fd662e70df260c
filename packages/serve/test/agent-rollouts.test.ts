import type { Problem } from "@retool-ts/data";
import type { EngineSampler } from "@retool-ts/engine";
import type { RolloutRequest, SamplingModel } from "@retool-ts/evaluate";
import { describe, expect, test } from "vitest";
import { agentRollouts, hermesFormat, type Agent, type AgentRolloutsOptions, type AgentTask } from "../src/index.js";
import { END, post, QWEN, ScriptedSampler, tokenizer, type Script } from "./scripted-model.js";

const problems: Problem[] = ["a", "b"].map((id) => ({ id, question: `What is ${id}?`, answer: id, family: "test" }) as Problem);
const model = { tokenizer, eosTokenIds: [END] } as unknown as SamplingModel;
const SAMPLING = { temperature: 1, topP: 1, topK: 0 };

/** What the rollouts of an agent come to; the sampler has nothing open afterwards. */
async function roll(
  agent: Agent,
  request: Partial<RolloutRequest> = {},
  options: Partial<AgentRolloutsOptions> & { script?: Script; size?: number } = {},
) {
  const sampler = new ScriptedSampler(options.script ?? (() => "42"), { size: options.size ?? 8 });
  const disposable: EngineSampler = Object.assign(sampler, { dispose: () => void (disposed = true) });
  let disposed = false;
  const said: string[] = [];
  let metrics: Readonly<Record<string, number>> = {};
  const rollOut = agentRollouts(agent, {
    format: hermesFormat(QWEN),
    openSampler: () => Promise.resolve(disposable),
    say: (text) => void said.push(text),
    ...options,
  });
  const asked = { problems, samples: 2, sampling: SAMPLING, seed: 1, step: 3, onMetrics: (each: typeof metrics) => void (metrics = each) };
  const groups = await rollOut(model, { ...asked, ...request });
  expect(disposed).toBe(true);
  expect(sampler.open_.size).toBe(0);
  return { groups, said, metrics, sampler };
}

const ask = async ({ baseURL, apiKey, signal }: AgentTask, messages: readonly object[] = [{ role: "user", content: "Hi" }]) => {
  const headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` };
  const { body, status } = await post(`${baseURL}/chat/completions`, { messages }, { headers, signal });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return (body as { choices: { message: { content: string } }[] }).choices[0]!.message;
};

describe("rollouts of an agent", () => {
  test("are groups with the agent's scores, its measures, and what the policy wrote", async () => {
    const { groups, metrics, said, sampler } = await roll(async (task) => {
      const { content } = await ask(task);
      expect(task).toMatchObject({ model: "policy", rollout: { problemId: task.problem.id, step: 3, seed: 1 } });
      return task.rollout.sampleIndex === 0 ? 0.5 : { score: -1, correct: true, metrics: { length: content.length }, info: content };
    });
    expect(groups.map((group) => group.map(({ problem, trajectory }) => [problem.id, trajectory.sampleIndex]))).toEqual([[["a", 0], ["a", 1]], [["b", 0], ["b", 1]]]); // prettier-ignore
    expect(groups[0]!.map(({ reward }) => reward)).toEqual([
      { score: 0.5, correct: true, prediction: undefined, parts: {} },
      { score: -1, correct: true, prediction: "42", parts: { length: 2 } },
    ]);
    for (const { trajectory } of groups.flat()) {
      const own = [...trajectory.tokenIds].filter((_, t) => trajectory.lossMask[t] === 1);
      expect(own).toEqual([...tokenizer.encode("42"), END]);
    }
    expect(sampler.decoded).toHaveLength(4);
    expect(metrics).toMatchObject({ "agent/failed_share": 0, "agent/requests": 1, "agent/branches": 0 });
    expect(said).toEqual([]);
  });

  test("are the same to the byte for the same seed, in whatever order they end", async () => {
    const shown = async (delay: (task: AgentTask) => number, seed = 1) => {
      const { groups } = await roll(async (task) => {
        await new Promise((resolve) => setTimeout(resolve, delay(task)));
        const reply = await ask(task);
        await ask(task, [{ role: "user", content: "Hi" }, reply, { role: "user", content: "Sure?" }]);
        return 1;
      }, { seed }); // prettier-ignore
      return JSON.stringify(groups);
    };
    const forward = await shown(({ rollout }) => 20 * rollout.sampleIndex);
    expect(await shown(({ rollout }) => 20 - 20 * rollout.sampleIndex)).toBe(forward);
    expect(await shown(() => 0, 2)).not.toBe(forward);
  });

  test("that throw, hang, say no score, never call or leak are failures that are counted, and the others are learned from", async () => {
    const kinds: Record<string, Agent> = {
      a0: async (task) => {
        await ask(task);
        throw new Error("lost my keys");
      },
      a1: async (task) => {
        await ask(task);
        await new Promise(() => {}); // heeds no signal
        return 1;
      },
      b0: () => 1,
      b1: async (task) => {
        void ask(task, [{ role: "user", content: "leaked" }]).catch(() => {});
        await ask(task);
        return 1;
      },
      c0: (async (task: AgentTask) => (await ask(task)) as unknown) as Agent,
      c1: async (task) => {
        await ask(task);
        return 1;
      },
    };
    const three = [...problems, { ...problems[0]!, id: "c" }];
    const { groups, metrics, said } = await roll((task) => kinds[`${task.problem.id}${task.rollout.sampleIndex}`]!(task), { problems: three }, { timeoutMs: 400, minScored: 0.2 }); // prettier-ignore
    const stops = groups.flat().map(({ trajectory }) => trajectory.stopReason);
    expect(stops).toEqual(["toolFailed", "toolFailed", "toolFailed", "answered", "toolFailed", "answered"]);
    expect(metrics).toMatchObject({ "agent/failed_share": 4 / 6, "agent/hung_share": 1 / 6, "agent/silent_share": 1 / 6 });
    expect(said[0]).toMatch(/^4 of 6 rollouts failed: 1 × /);
    expect(groups[0]![0]!.reward.prediction).toBe("the agent lost my keys");
    expect(groups[0]![0]!.trajectory.lossMask).toContain(1); // what the policy wrote can still be read
    expect(groups[1]![0]!.trajectory.segments).toMatchObject([{ kind: "prompt", text: "What is b?" }]);
  });

  test.each<[string, () => unknown, string]>([
    ["a throw of no error", () => { throw Object.create(null); }, "the agent threw what is no error"],
    ["a throw of an error without a message", () => { throw Object.assign(new Error(), { message: { a: 1 } }); }, "the agent threw what is no error"],
    ["a throw of text", () => { throw "no keys"; }, "the agent no keys"], // eslint-disable-line
    ["a score that cannot be read", () => ({ get score() { throw new Error("hidden"); } }), "the agent hidden"],
    ["a score that is round", () => { const it: Record<string, unknown> = {}; return (it["it"] = it); }, "the agent expected a number or { score }, got object"],
    ["a measure of text", () => ({ score: 1, metrics: { length: "12" } }), "the agent expected numbers as metrics, got \"12\" for length"],
    ["a measure that is none", () => ({ score: 1, metrics: { length: NaN } }), "the agent expected numbers as metrics, got NaN for length"],
    ["a verdict of text", () => ({ score: 1, correct: "no" }), "the agent expected true or false as correct, got string"],
    ["information that is no text", () => ({ score: 1, info: { deep: 12n } }), "the agent expected text as info, got object"],
  ])("that end in %s have failed, and the run goes on", async (_, end, prediction) => {
    const { groups } = await roll(async (task) => {
      await ask(task);
      return task.problem.id === "a" ? 1 : (end() as number);
    }); // prettier-ignore
    expect(groups.flat().map(({ reward }) => reward.prediction)).toEqual([undefined, undefined, prediction, prediction]);
  }); // prettier-ignore

  test("more than ten at once bring no warning of listeners that leak", async () => {
    const warnings: string[] = [];
    const hear = ({ message }: Error) => void warnings.push(message);
    process.on("warning", hear);
    const { signal } = new AbortController();
    const many = Array.from({ length: 12 }, (_, i) => ({ ...problems[0]!, id: `many${i}` }));
    await roll(async (task) => (await ask(task), 1), { problems: many, samples: 1, signal }, { size: 32 });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", hear);
    expect(warnings).toEqual([]);
  });

  test("keep their problem, whatever an agent does to it", async () => {
    const row = { tests: ["x"] };
    const asked = problems.map((problem) => ({ ...problem, columns: row, wrongCode: () => problem.answer })); // families of tasks have functions in theirs
    const seen: unknown[] = [];
    const { groups } = await roll(
      async (task) => {
        await ask(task);
        seen.push({ ...task.problem, columns: structuredClone(task.problem.columns) });
        Object.assign(task.problem, { answer: "changed", question: "changed" });
        (task.problem.columns as unknown as typeof row).tests.pop();
        return 1;
      },
      { problems: asked },
    );
    expect(groups.flat().map(({ problem }) => problem)).toEqual([asked[0], asked[0], asked[1], asked[1]]);
    expect(seen).toHaveLength(4);
    for (const problem of seen) expect(asked).toContainEqual(problem);
  });

  test("have the score that was read, once, though it says another thing or throws when it is read again", async () => {
    const readOnce = <Value>(value: Value) => {
      let reads = 0;
      return () => {
        if (reads++ > 0) throw new Error("read again");
        return value;
      };
    };
    const { groups } = await roll(async (task) => {
      await ask(task);
      const score: object = Object.defineProperties({}, Object.fromEntries(Object.entries({ score: 2, correct: false, metrics: { a: 1 }, info: "x" }).map(([name, value]) => [name, { get: readOnce(value) }]))); // prettier-ignore
      return score as never;
    });
    const read = { score: 2, correct: false, prediction: "x", parts: { a: 1 } };
    expect(groups.flat().map(({ reward }) => reward)).toEqual([read, read, read, read]);
  });

  test("of which too few are scored are not learned from", async () => {
    const { groups, said } = await roll(async (task) => {
      await ask(task);
      if (task.rollout.sampleIndex === 0 || task.problem.id === "a") throw new Error("no");
      return 1;
    });
    expect(groups.flat().map(({ trajectory }) => trajectory.stopReason)).toEqual(Array.from({ length: 4 }, () => "toolFailed"));
    expect(said[1]).toBe("fewer than 50 % of the rollouts were scored: nothing is learned from them");
  });

  test("with branches share one score", async () => {
    const { groups, metrics } = await roll(async (task) => {
      await ask(task);
      await ask(task, [{ role: "user", content: "Something else" }]);
      return 1;
    });
    for (const { branches, trajectory } of groups.flat()) {
      expect(branches).toHaveLength(1);
      expect(branches![0]!.sampleIndex).toBe(trajectory.sampleIndex);
    }
    expect(metrics["agent/branches"]).toBe(1);
  });

  test("end with the run", async () => {
    const stop = new AbortController();
    const rolled = roll(async (task) => {
      stop.abort(new Error("stopped"));
      await ask(task);
      return 1;
    }, { signal: stop.signal }); // prettier-ignore
    await expect(rolled).rejects.toThrow("stopped");
  });
});
