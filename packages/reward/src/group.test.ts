import { describe, expect, test } from "vitest";
import { combineRewards } from "./combine.js";
import { requireFormat } from "./format.js";
import { groupReward, scoreGroup, type GroupMember } from "./group.js";
import { outcomeReward } from "./outcome.js";
import type { RewardFunction, RewardProblem } from "./reward.js";

interface CodeProblem extends RewardProblem {
  readonly columns: { readonly tests: readonly number[] };
}

const problem: CodeProblem = { id: "p1", question: "q", answer: "42", columns: { tests: [1, 2, 3] } };
const trajectory = { stopReason: "answered", segments: [], toolCalls: [] };

function member(modelText: string, stopReason = "answered"): GroupMember<CodeProblem> {
  const texts = { response: modelText, modelText, groundTruth: problem.answer };
  return { ...texts, toolCalls: 0, turns: 1, responseTokens: 5, problem, trajectory: { ...trajectory, stopReason } };
}

const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)));

describe("scoreGroup", () => {
  test("a rule of the package, a score alone, and a judge that takes its time", async () => {
    const members = [member("\\boxed{42}"), member("\\boxed{41}")];
    expect(await scoreGroup(outcomeReward({ rule: "boxed-exact" }), members)).toEqual([
      { score: 1, correct: true, prediction: "42", parts: { outcome: 1 } },
      { score: -1, correct: false, prediction: "41", parts: { outcome: -1 } },
    ]);
    const simple: RewardFunction = ({ response, groundTruth }) => Number(response.includes(groundTruth));
    expect(await scoreGroup(simple, members)).toEqual([
      { score: 1, correct: true, prediction: undefined, parts: { outcome: 1 } },
      { score: 0, correct: false, prediction: undefined, parts: { outcome: 0 } },
    ]);
    const judge: RewardFunction = ({ modelText }) =>
      later({ score: 0.5, correct: false, parts: { style: 0.2, proof: 0.3 }, prediction: modelText });
    expect((await scoreGroup(judge, members))[1]).toEqual({
      score: 0.5,
      correct: false,
      prediction: "\\boxed{41}",
      parts: { style: 0.2, proof: 0.3 },
    });
  });

  test("columns of the row, the trajectory, the group and the place in it are seen", async () => {
    const seen: unknown[] = [];
    const reward: RewardFunction<CodeProblem> = (sample) => {
      seen.push([
        sample.problem.columns.tests.length,
        sample.trajectory.stopReason,
        sample.group.length,
        sample.group[sample.index] === sample,
      ]);
      return 0;
    };
    await scoreGroup(reward, [member("a"), member("b", "maxTokens")]);
    expect(seen).toEqual([
      [3, "answered", 2, true],
      [3, "maxTokens", 2, true],
    ]);
  });

  test("all rollouts are judged at the same time", async () => {
    let running = 0;
    let most = 0;
    const reward: RewardFunction = async () => {
      most = Math.max(most, ++running);
      await later(undefined);
      running--;
      return 1;
    };
    await scoreGroup(reward, [member("a"), member("b"), member("c")]);
    expect(most).toBe(3);
  });

  test("an error names problem and rollout; a number must be finite", async () => {
    const failing: RewardFunction = ({ index }) => (index === 1 ? Promise.reject(new Error("the judge is gone")) : 1);
    await expect(scoreGroup(failing, [member("a"), member("b")])).rejects.toThrow("reward of problem p1, rollout 1: the judge is gone");
    await expect(scoreGroup(() => NaN, [member("a")])).rejects.toThrow("score: expected a finite number, got NaN");
    await expect(scoreGroup(() => ({ score: 1, parts: { style: Infinity } }), [member("a")])).rejects.toThrow("style: expected a finite");
  });

  test("an interruption comes through as it is", async () => {
    const controller = new AbortController();
    controller.abort(new Error("Ctrl-C"));
    const reward: RewardFunction = ({ signal }) => {
      signal?.throwIfAborted();
      return 1;
    };
    await expect(scoreGroup(reward, [member("a")], { signal: controller.signal })).rejects.toThrow(/^Ctrl-C$/);
  });
});

describe("groupReward", () => {
  test("runs once for a group, and again for the next", async () => {
    let runs = 0;
    const rank = groupReward(async (group) => {
      runs++;
      return later(group.map(({ modelText }) => modelText.length));
    });
    expect((await scoreGroup(rank, [member("a"), member("bcd")])).map(({ score }) => score)).toEqual([1, 3]);
    expect((await scoreGroup(rank, [member("a"), member("bcd")])).map(({ score }) => score)).toEqual([1, 3]);
    expect(runs).toBe(2);
    await expect(
      scoreGroup(
        groupReward(() => [1]),
        [member("a"), member("b")],
      ),
    ).rejects.toThrow("expected 2 outputs");
  });
});

test("terms and formats go with rewards that take their time", async () => {
  const judge: RewardFunction = () => later({ score: 1, correct: true });
  const reward = combineRewards(judge, [
    { name: "brief", weight: 0.5, value: ({ group, index }) => later(index === group.length - 1 ? 1 : 0) },
    { name: "calls", value: ({ toolCalls }) => -toolCalls },
  ]);
  expect(await scoreGroup(reward, [member("a"), member("b")])).toMatchObject([
    { score: 1, parts: { outcome: 1, brief: 0, calls: -0 } },
    { score: 1.5, parts: { outcome: 1, brief: 0.5, calls: -0 } },
  ]);
  const gated = requireFormat(judge, { format: "boxed" });
  expect((await scoreGroup(gated, [member("\\boxed{1}"), member("1")])).map(({ score, correct }) => [score, correct])).toEqual([
    [1, true],
    [0, true],
  ]);
});
