import { describe, expect, test } from "vitest";
import type { RolloutReward } from "@retool-ts/evaluate";
import { MemoryRecorder, silentReporter, train, type RlState, type TrainConfigInput, type TrainOptions } from "../src/index.js";
import { MemoryRun } from "./memory-run.js";
import { TableStore } from "./table-engine.js";
import { answerTwo, environment, mixedProblems, problems, toyPolicy } from "./toy-task.js";

const CONFIG: TrainConfigInput = { steps: 4, promptsPerStep: 4, groupSize: 4, learningRate: { peak: 2, kind: "constant" } };

type Options = Partial<TrainOptions>;

async function run(config: Partial<TrainConfigInput>, options: Options = {}) {
  const policy = toyPolicy();
  const recorder = new MemoryRun();
  const state = await train({ policy, environment: environment(), problems, config: { ...CONFIG, ...config }, recorder, ...options });
  return { policy, recorder, state };
}

test("the policy learns what is rewarded, from policy, environment, problems and config alone", async () => {
  const recorder = new MemoryRecorder();
  const policy = toyPolicy();
  await train({
    policy,
    environment: environment(),
    problems,
    config: { ...CONFIG, steps: 30, promptsPerStep: 8, groupSize: 8 },
    recorder,
  });
  const accuracy = recorder.metrics.map((record) => Number(record["reward/accuracy"]));
  expect(accuracy[0]).toBeLessThan(0.7);
  expect(accuracy.at(-1)).toBeGreaterThan(0.9);
});

test("the next step waits for what is done with the record of one", async () => {
  const policy = toyPolicy();
  const passes: number[] = [];
  const onMetrics = async () => {
    const before = policy.engine.seen.length;
    await new Promise((resolve) => setTimeout(resolve, 5));
    passes.push(policy.engine.seen.length - before);
  };
  await train({ policy, environment: environment(), problems, config: { ...CONFIG, steps: 3 }, onMetrics });
  expect(passes).toEqual([0, 0, 0]);
});

test("rows that reach the engine leave out the tool's tokens", async () => {
  const { policy } = await run({});
  const called = policy.tokenizer.encode("<code>add</code>").join();
  let outputs = 0;
  for (const { tokenIds, lossMask } of policy.engine.seen.flatMap((pass) => pass.rows)) {
    const ids = Array.from(tokenIds);
    ids.forEach((_, end) => {
      if (ids.slice(end - 3, end).join() !== called || end === ids.length) return;
      expect(policy.tokenizer.decode(ids.slice(end, end + 3))).toBe("\n<interpreter>\n2</interpreter>\n\n");
      expect(Array.from(lossMask).slice(end - 3, end + 3)).toEqual([1, 1, 1, 0, 0, 0]);
      outputs++;
    });
  }
  expect(outputs).toBeGreaterThan(10);
});

describe("resume", () => {
  const variants: readonly [string, Partial<TrainConfigInput>][] = [
    ["GRPO", {}],
    ["one step off policy", { offPolicySteps: 1 }],
    ["PPO with a pretrained critic", { advantage: "gae", critic: { pretrainSteps: 2, learningRate: { peak: 0.5 } } }],
    ["a KL penalty in the loss", { kl: { coef: 0.5, place: "loss" } }],
    ["a KL penalty in the reward", { kl: { coef: 0.5, place: "reward", estimator: "k3" } }],
    ["on-policy distillation", { advantage: "none", kl: { coef: 1, place: "advantage", estimator: "k1" } }],
    ["ReMax", { advantage: "remax" }],
    ["credit for turns", { advantage: "mt-grpo" }],
    ["the optimal token baseline", { advantage: "otb" }],
    ["self-distillation", { advantage: "sdpo" }],
    [
      "preferences",
      { advantage: "dpo", kl: { coef: 0.5, place: "preference" }, oldLogProbs: "trainer", aggregation: "seq-mean-token-sum" },
    ],
    ["dynamic sampling", { dynamicSampling: { maxRefills: 2 } }],
    ["several updates a step", { updatesPerStep: 2, epochs: 2 }],
    ["a curriculum", { curriculum: { pool: 3 } }],
    ["a curriculum, one step off policy", { curriculum: { pool: 3 }, offPolicySteps: 1 }],
    ["a curriculum, dynamic sampling and ReMax", { curriculum: { pool: 2 }, dynamicSampling: { maxRefills: 2 }, advantage: "remax" }],
    ["a curriculum and a pretrained critic", { curriculum: {}, advantage: "gae", critic: { pretrainSteps: 2 } }],
  ];
  test.each(variants)("with %s, a run that is interrupted ends as one that was not", async (_, config) => {
    const source = config.curriculum == null ? problems : mixedProblems;
    const whole = await run({ ...config, saveEvery: 1 }, { problems: source });
    for (const stopAfter of [1, 3]) {
      const store = new TableStore();
      const recorder = new MemoryRun();
      const controller = new AbortController();
      const first = toyPolicy(store);
      const onMetrics = () => recorder.metrics.length === stopAfter && controller.abort();
      const shared = { environment: environment(), problems: source, config: { ...CONFIG, ...config, saveEvery: 1 }, recorder };
      await expect(train({ ...shared, policy: first, onMetrics: () => void onMetrics(), signal: controller.signal })).rejects.toMatchObject(
        {
          name: "AbortError",
        },
      );
      const policy = toyPolicy(store);
      const from = recorder.rewind() as RlState;
      await policy.engine.loadState((await recorder.latestCheckpoint())!.path);
      await train({ ...shared, policy, from });
      expect(recorder.metrics).toEqual(whole.recorder.metrics);
      expect(policy.engine.table).toEqual(whole.policy.engine.table);
    }
  });

  test("a stop in the middle of sampling takes up what was sampled", async () => {
    const whole = await run({});
    const store = new TableStore();
    const recorder = new MemoryRun();
    const controller = new AbortController();
    let graded = 0;
    const reward: RolloutReward = (sample) => {
      if (++graded === 22) controller.abort(); // in the second step of 16 rollouts
      return answerTwo(sample);
    };
    const shared = { problems, config: CONFIG, recorder };
    const stopped = train({ ...shared, policy: toyPolicy(store), environment: environment({ reward }), signal: controller.signal });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    const from = recorder.rewind() as RlState;
    expect(from.step).toBe(1);
    const policy = toyPolicy(store);
    await policy.engine.loadState((await recorder.latestCheckpoint())!.path);
    await train({ ...shared, policy, environment: environment(), from });
    expect(policy.engine.table).toEqual(whole.policy.engine.table);
    expect(recorder.metrics).toEqual(whole.recorder.metrics);
  });
});

describe("what reaches the advantages", () => {
  /** Advantages that a step's rows carry, by what the rollouts earned. */
  test("a KL penalty in the reward lowers the score before groups are compared", async () => {
    const penalized = await run({ steps: 2, kl: { coef: 3, place: "reward", estimator: "abs" } });
    const plain = await run({ steps: 2 });
    expect(plain.recorder.metrics[0]!["policy/loss"]).toBe(penalized.recorder.metrics[0]!["policy/loss"]); // at the reference there is none
    const advantages = ({ policy }: typeof plain) => policy.engine.seen[1]!.rows.map(({ fields }) => Array.from(fields!["advantages"]!));
    expect(Number(penalized.recorder.metrics[1]!["policy/reference_kl"])).toBeGreaterThan(0);
    expect(advantages(penalized)).not.toEqual(advantages(plain));
  });

  test("an advantage of one's own is what the rows carry", async () => {
    const { policy } = await run({ steps: 1 }, { advantage: ({ scores }) => scores.map((_, i) => i + 1) });
    expect(policy.engine.seen[0]!.rows.map(({ fields }) => fields!["advantages"]![1])).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  });

  test("a reward may wait, see its group, and name its parts", async () => {
    const seen: number[] = [];
    const reward: RolloutReward = async ({ group, index, problem, trajectory }) => {
      await Promise.resolve();
      seen.push(group.length);
      const shortest = Math.min(...group.map(({ responseTokens }) => responseTokens));
      const brief = group[index]!.responseTokens === shortest ? 1 : 0;
      return { score: brief + Number(problem.answer), parts: { brief, calls: trajectory.toolCalls.length } };
    };
    const { recorder } = await run({ steps: 1 }, { environment: environment({ reward }) });
    expect(seen).toEqual(Array(16).fill(4));
    expect(recorder.metrics[0]).toHaveProperty("reward/part/brief");
    expect(Number(recorder.metrics[0]!["reward/mean"])).toBeCloseTo(2 + Number(recorder.metrics[0]!["reward/part/brief"]), 10);
  });
});

describe("what reaches the engine", () => {
  test("the temperature of sampling, so that the ratio begins at 1", async () => {
    const sampling = { temperature: 0.5, topP: 1, topK: 0 };
    const { policy, recorder } = await run({ sampling, oldLogProbs: "trainer" });
    expect(policy.engine.seen.map(({ temperature }) => temperature)).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(Number(recorder.metrics[0]!["mismatch/log_prob_difference_max"])).toBeLessThan(1e-6);
  });

  test("ids that are never sampled", async () => {
    const policy = toyPolicy();
    const call = policy.tokenizer.tokenToId("<code>")!;
    const { recorder } = await run({ steps: 1 }, { policy: { ...policy, unusedTokenIds: [call] } });
    expect(recorder.metrics[0]!["rollout/tool_calls"]).toBe(0);
    expect((await run({ steps: 1 })).recorder.metrics[0]!["rollout/tool_calls"]).toBeGreaterThan(0);
  });

  test("nothing for the policy while the critic warms up", async () => {
    const { policy, recorder } = await run({ advantage: "gae", critic: { warmupSteps: 2, learningRate: { peak: 0.5 } } });
    expect(recorder.metrics.map((record) => Number(record["policy/trained_tokens"]) > 0)).toEqual([false, false, true, true]);
    expect(recorder.metrics.every((record) => Number(record["value/grad_norm"]) > 0)).toBe(true);
    expect(policy.engine.updates).toBe(2);
  });
});

test("a step whose groups all score the same is measured like any other, and leaves the policy as it was", async () => {
  const { policy, recorder } = await run({ steps: 2 }, { environment: environment({ reward: () => ({ score: -1, correct: false }) }) });
  const [row] = recorder.metrics;
  expect(row).toMatchObject({ "group/zero_variance_share": 1, "policy/loss": 0, "policy/trained_tokens": 0, "optim/grad_norm": 0 });
  expect(Number(row!["policy/entropy"])).toBeCloseTo(sampledEntropy(policy), 6);
  expect(recorder.metrics[1]!["policy/entropy"]).toBeGreaterThan(0);
  expect([policy.engine.updates, policy.engine.seen.length]).toEqual([0, 0]);
});

/** Mean entropy at the tokens of the first pass without gradients, by the definition. */
function sampledEntropy({ engine }: ReturnType<typeof toyPolicy>): number {
  const entropies = engine.measured[0]!.rows.flatMap(({ tokenIds, lossMask }) =>
    Array.from(tokenIds).flatMap((_, t) => {
      if (t === 0 || !lossMask[t]) return [];
      const weights = Array.from(engine.table.rows[tokenIds[t - 1]!]!, Math.exp);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return [weights.reduce((sum, weight) => sum - (weight / total) * Math.log(weight / total), 0)];
    }),
  );
  expect(engine.measured[0]!.rows).toHaveLength(16);
  return entropies.reduce((sum, value) => sum + value, 0) / entropies.length;
}

describe("held-out problems", () => {
  const heldOut = { problems: [0, 1, 2].map((index) => problems.problem(1_000 + index)), sampling: { temperature: 0, topP: 1, topK: 0 } };

  test("the first of equal accuracies stays the best, and only a better one takes its place", async () => {
    let accuracy = 0;
    const scores = [0, 1, 1, 0];
    const reward: RolloutReward = (sample) =>
      Number(sample.problem.id.slice(1)) >= 1_000 ? { score: accuracy, correct: accuracy === 1 } : answerTwo(sample);
    const { state, recorder } = await run(
      { evaluateEvery: 1, saveEvery: 100 },
      { environment: environment({ reward }), heldOut, onRollouts: (_, step) => void (accuracy = scores[step - 1]!) },
    );
    expect(recorder.metrics.map((record) => record["eval/accuracy"])).toEqual(scores);
    expect(state.best).toEqual({ step: 2, accuracy: 1 });
    expect(recorder.states.map(({ state: saved }) => saved.totalSteps)).toEqual([1, 2, 4]); // each best one, and the last
  });

  test("accuracy has its number of problems and interval, whole and by level and family", async () => {
    const parts = [
      { level: 1, family: "sums" },
      { level: 1, family: "products" },
      { level: 2, family: "sums" },
    ];
    const reward: RolloutReward = ({ problem: { level } }) => ({ score: level === 1 ? 1 : -1, correct: level === 1 });
    const { recorder } = await run(
      { steps: 2, evaluateEvery: 2 },
      {
        environment: environment({ reward }),
        heldOut: { ...heldOut, problems: heldOut.problems.map((problem, i) => ({ ...problem, ...parts[i]! })) },
      },
    );
    const close = (value: number) => expect.closeTo(value, 4) as number;
    // The intervals are statsmodels' proportion_confint(k, n, method="wilson").
    const expected = {
      "eval/accuracy": close(2 / 3), "eval/accuracy_low": close(0.2077), "eval/accuracy_high": close(0.9385), "eval/problems": 3,
      "eval/level/1/accuracy": 1, "eval/level/1/accuracy_low": close(0.3424), "eval/level/1/accuracy_high": 1, "eval/level/1/problems": 2,
      "eval/level/2/accuracy": 0, "eval/level/2/accuracy_low": 0, "eval/level/2/accuracy_high": close(0.7935), "eval/level/2/problems": 1,
      "eval/family/sums/accuracy": 0.5, "eval/family/sums/accuracy_low": close(0.0945), "eval/family/sums/accuracy_high": close(0.9055), "eval/family/sums/problems": 2,
      "eval/family/products/accuracy": 1, "eval/family/products/accuracy_low": close(0.2065), "eval/family/products/accuracy_high": 1, "eval/family/products/problems": 1,
    }; // prettier-ignore
    const ofPart = ([name]: [string, unknown]) => /^eval\/(?!code_ratio|response_tokens)/.test(name);
    expect(Object.fromEntries(Object.entries(recorder.metrics[1]!).filter(ofPart))).toEqual(expected);
    expect(Object.keys(recorder.metrics[0]!).filter((name) => name.startsWith("eval/"))).toEqual([]);
  });

  test("without levels and families, or with a single one, only the whole is measured", async () => {
    const problemsOf = (family: string | undefined) =>
      heldOut.problems.map((problem) => (family === undefined ? problem : { ...problem, family }));
    for (const family of [undefined, "sums"]) {
      const { recorder } = await run({ steps: 1, evaluateEvery: 1 }, { heldOut: { ...heldOut, problems: problemsOf(family) } });
      const names = Object.keys(recorder.metrics[0]!).filter((name) => name.startsWith("eval/"));
      expect(names).toEqual([
        "eval/accuracy",
        "eval/accuracy_low",
        "eval/accuracy_high",
        "eval/problems",
        "eval/code_ratio",
        "eval/response_tokens",
      ]);
    }
  });

  test("without them, nothing is measured", async () => {
    const { recorder } = await run({ evaluateEvery: 1 });
    expect(recorder.metrics[0]).not.toHaveProperty("eval/accuracy");
  });
});

test("rollouts are kept every so often with their advantage, and at the end", async () => {
  const { recorder } = await run({ steps: 5, trajectoriesEvery: 2 });
  expect([...recorder.rollouts.keys()]).toEqual([2, 4, 5]);
  expect(recorder.rollouts.get(5)!.every(({ advantage }) => typeof advantage === "number")).toBe(true);
});

describe("what a person is told", () => {
  const said = async (options: Options, config: Partial<TrainConfigInput> = {}) => {
    const lines: string[] = [];
    const reporter = { say: (line: string) => void lines.push(line), progress: silentReporter.progress };
    await run({ steps: 12, ...config }, { reporter, ...options });
    return lines;
  };

  test("once, that five steps taught nothing", async () => {
    const lines = await said({ environment: environment({ reward: () => -1 }) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/for 5 steps all rollouts of each group scored the same \(mean -1\.00\): nothing is learned/);
    expect(await said({})).toEqual([]);
  });

  test("a gradient that is no number, and ten of them end the run", async () => {
    const policy = toyPolicy();
    const optimStep = policy.engine.optimStep.bind(policy.engine);
    policy.engine.optimStep = async (options) => ({ ...(await optimStep(options)), gradNorm: Number.NaN });
    await expect(run({ steps: 20 }, { policy })).rejects.toThrow(/no finite number for 10 updates in a row, up to step 10/);
    const lines = await said({ policy }, { steps: 3 });
    expect(lines).toEqual(["step 1: the gradient is NaN; the update is left out"]);
  });

  test("nothing of gradients where a step updates no policy, as in a critic's pretraining", async () => {
    const critic = { pretrainSteps: 11, learningRate: { peak: 0.5 } };
    expect(await said({}, { advantage: "gae", critic, steps: 1 })).toEqual([]);
  });

  test("that a clock ended calls, whose rollouts are not scored", async () => {
    let calls = 0;
    const slow = {
      ...environment().tools[0]!,
      call: async () => ({ text: "2", status: ++calls === 1 ? ("timeout" as const) : ("ok" as const) }),
    };
    const recorder = new MemoryRun();
    const lines = await said({ environment: environment({ tools: [slow] }), recorder }, { steps: 1 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/step 1: a time limit ended \d+\.\d % of the tool calls; such rollouts are not scored/);
    expect(Number(recorder.metrics[0]!["sandbox/clock_share"])).toBeGreaterThan(0);
    expect(recorder.metrics[0]!["stop/toolFailed"]).toBe(1 / 16);
    expect(recorder.rollouts.get(1)!.filter(({ advantage }) => advantage === undefined)).toHaveLength(1);
  });
});

test("a KL penalty in the loss reaches rollouts without an advantage, too", async () => {
  const equal = environment({ reward: () => 1 });
  const { policy, recorder } = await run({ steps: 1, kl: { coef: 1, place: "loss" } }, { environment: equal });
  expect(policy.engine.seen[0]!.rows).toHaveLength(16);
  expect(recorder.metrics[0]!["policy/trained_tokens"]).toBeGreaterThan(0);
  expect((await run({ steps: 1 }, { environment: equal })).policy.engine.seen).toEqual([]);
});

test("a reward that fails ends the batch, and one that hangs does not outlive an interruption", async () => {
  let calls = 0;
  const failing: RolloutReward = ({ index }) => {
    calls++;
    if (index === 0) throw new Error("the judge is out");
    return 1;
  };
  await expect(
    run(
      { promptsPerStep: 200 },
      { environment: environment({ reward: failing, sampler: { maxSequences: 8, kvCacheBytes: 2 ** 30, reuseCache: true } }) },
    ),
  ).rejects.toThrow(/reward of problem p\d+, rollout 0: the judge is out/);
  expect(calls).toBeLessThan(400);
  const controller = new AbortController();
  const hanging: RolloutReward = () => {
    controller.abort();
    return new Promise(() => {});
  };
  const recorder = new MemoryRun();
  await expect(run({}, { environment: environment({ reward: hanging }), recorder, signal: controller.signal })).rejects.toMatchObject({
    name: "AbortError",
  });
  expect(recorder.states.map(({ state }) => state.totalSteps)).toEqual([0]); // what was before the step is kept
});

test("a tool that throws, gives nothing, or cannot begin spoils its rollout and nothing else", async () => {
  const tool = environment().tools[0]!;
  const broken = [
    { ...tool, call: () => Promise.reject(new Error("no disk")) },
    { ...tool, call: async () => undefined as never },
    { ...tool, begin: () => { throw new Error("no port"); } },
  ]; // prettier-ignore
  for (const each of broken) {
    const { recorder } = await run({ steps: 1 }, { environment: environment({ tools: [each] }) });
    expect(Number(recorder.metrics[0]!["stop/toolFailed"])).toBeGreaterThan(0);
  }
});

test("a greedy rollout that its tool spoiled is no baseline: its group is left out", async () => {
  const broken = { ...environment().tools[0]!, call: async () => ({ text: "", status: "infra" as const }) }; // at temperature 0 the policy calls
  const { policy } = await run({ steps: 1, advantage: "remax" }, { environment: environment({ tools: [broken] }) });
  expect(policy.engine.seen).toEqual([]);
});

test("one step off policy, a finished run that is given more steps is the run that had them at once", async () => {
  const config = { offPolicySteps: 1, saveEvery: 1 } as const;
  const whole = await run({ ...config, steps: 6 });
  const store = new TableStore();
  const recorder = new MemoryRun();
  const shared = { environment: environment(), problems, recorder };
  await train({ ...shared, policy: toyPolicy(store), config: { ...CONFIG, ...config, steps: 3 } });
  const policy = toyPolicy(store);
  await policy.engine.loadState((await recorder.latestCheckpoint())!.path);
  await train({ ...shared, policy, config: { ...CONFIG, ...config, steps: 6 }, from: recorder.rewind() as RlState });
  expect(recorder.metrics).toEqual(whole.recorder.metrics);
});

test("mistakes are told before anything runs", async () => {
  await expect(run({ groupSize: 1 })).rejects.toThrow(/config\.groupSize: expected at least 2 with the advantage grpo/);
  await expect(run({ kl: { coef: 1, reference: "elsewhere" } })).rejects.toThrow(/kl\.reference: expected the option reference/);
  const policy = toyPolicy();
  const twice = { problems: [problems.problem(1), problems.problem(1)] };
  await expect(run({}, { heldOut: twice })).rejects.toThrow(/heldOut: expected problems with different ids, got p1 twice/);
  Object.defineProperty(policy.engine, "critic", { value: undefined });
  await expect(run({ advantage: "gae" }, { policy })).rejects.toThrow(/this engine trains no critic/);
});

describe("a curriculum", () => {
  async function levelsOf(curriculum: TrainConfigInput["curriculum"]): Promise<number[][]> {
    const levels: number[][] = [];
    const onRollouts: Options["onRollouts"] = (rollouts) => levels.push(rollouts.map(({ problem }) => problem.level!));
    await run(
      { steps: 8, promptsPerStep: 8, curriculum: curriculum ?? null, learningRate: { peak: 1e-6 } },
      { problems: mixedProblems, onRollouts },
    );
    return levels;
  }

  test("turns to what the policy solves about half of the time, and does not give the rest up", async () => {
    const plain = (await levelsOf(null)).flat();
    expect(plain.filter((level) => level === 1).length / plain.length).toBe(0.5);
    const [first, ...later] = await levelsOf({ pool: 4, floor: 0.2 });
    expect(new Set(first)).toEqual(new Set([1, 2]));
    const share = later.flat().filter((level) => level === 1).length / later.flat().length;
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(1);
  });

  test("what is known is in the state and the record, and the problems that were looked at are used up", async () => {
    const { state, recorder } = await run({ steps: 2, curriculum: { pool: 3 } }, { problems: mixedProblems });
    expect(state.problemsTaken).toBe(2 * 4 * 3);
    expect(Object.keys(state.successRates!).sort()).toEqual(["level 1", "level 2"]);
    expect(state.successRates!["level 2"]).toBe(0);
    expect(recorder.metrics[0]).toMatchObject({ "curriculum/known_success": 0.5 });
  });

  test("recorded rollouts leave nothing to choose", async () => {
    await expect(run({ curriculum: {} }, { rollouts: [[]] })).rejects.toThrow("curriculum: with recorded rollouts, expected null");
  });
});
