import { outcomeReward } from "@retool-ts/reward";
import { createTrajectory } from "@retool-ts/rollout";
import { expect, test } from "vitest";
import { gradeGroup } from "./grade.js";

const problem = { id: "p", question: "q", answer: "18", source: "test" };
const tokenizer = { idToToken: (id: number) => ["<|endoftext|>", "<|im_start|>", "<|im_end|>"][id] };

function rollout(text: string) {
  return createTrajectory({
    problemId: "p",
    sampleIndex: 0,
    tokenIds: Int32Array.of(1, 5),
    lossMask: Uint8Array.of(0, 1),
    logProbs: Float32Array.of(0, -1),
    promptLength: 1,
    segments: [
      { kind: "prompt", start: 0, end: 1, text: "q" },
      { kind: "model", start: 1, end: 2, text },
    ],
    toolCalls: [],
    stopReason: "eos",
    turns: 1,
  });
}

test.each(["So, the answer is 18.<|im_end|>", "The answer is 18<|endoftext|>", "\\boxed{18}<|im_end|>"])(
  "the token that ends a turn does not spoil the answer: %s",
  async (text) => {
    const grader = { reward: outcomeReward({ rule: "equivalence" }), tokenizer, eosTokenIds: [2, 0] };
    expect(await gradeGroup(problem, [rollout(text)], grader)).toMatchObject([{ score: 1, correct: true }]);
    expect(await gradeGroup({ ...problem, answer: "17" }, [rollout(text)], grader)).toMatchObject([{ score: -1 }]);
  },
);
