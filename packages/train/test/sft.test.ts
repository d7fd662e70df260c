import type { TrainingRow } from "@retool-ts/engine";
import { describe, expect, test } from "vitest";
import { sft, SftConfig, type RowStream, type SftState } from "../src/index.js";
import { MemoryRun } from "./memory-run.js";
import { TableStore } from "./table-engine.js";
import { environment, problems, tokenizer, toyPolicy } from "./toy-task.js";

/** Answers in turn with 2, 2 and 1: what is taken when decides the weights. */
class AnswerRows implements RowStream {
  #taken = 0;

  async take(count: number): Promise<TrainingRow[]> {
    return Array.from({ length: count }, () => answerRow(this.#taken++ % 3 === 2 ? "1" : "2"));
  }
  async skip(count: number): Promise<void> {
    this.#taken += count;
  }
  async heldOut(count: number): Promise<TrainingRow[]> {
    return Array.from({ length: count }, () => answerRow("2"));
  }
  describe(): string {
    return "answers";
  }
}

function answerRow(digit: string): TrainingRow {
  const tokenIds = tokenizer.encode(`?<answer>${digit}</answer>`);
  return { tokenIds, lossMask: tokenIds.map((_, t) => (t === 0 ? 0 : 1)) };
}

const stage = (name: string, changes: object = {}) => ({
  name,
  steps: 5,
  batchSize: 2,
  learningRate: { peak: 1, kind: "linear" },
  ...changes,
});
const TWO_STAGES = SftConfig.parse({ stages: [stage("first"), stage("second", { batchSize: 1 })], saveEvery: 1 });

function begin(config: SftConfig, store?: TableStore) {
  const policy = toyPolicy(store);
  const recorder = new MemoryRun();
  return { policy, recorder, options: { policy, recorder, environment: environment(), config, openRows: () => new AnswerRows() } };
}

test("rows are learned, stage after stage", async () => {
  const { policy, recorder, options } = begin(TWO_STAGES);
  const state = await sft(options);
  expect(state).toEqual({ phase: "sft", totalSteps: 10, stage: 2, stageStep: 0, rowsTaken: 0 });
  expect(recorder.metrics.map(({ stage: name }) => name)).toEqual([...Array(5).fill("first"), ...Array(5).fill("second")]);
  expect(Number(recorder.metrics.at(-1)!["sft/loss"])).toBeLessThan(0.6 * Number(recorder.metrics[0]!["sft/loss"]));
  // Each row has three targets, and each stage's learning rate falls from its peak.
  expect(recorder.metrics.map((record) => record["sft/target_tokens"])).toEqual([...Array(5).fill(6), ...Array(5).fill(3)]);
  expect([0, 5].map((step) => recorder.metrics[step]!["optim/learning_rate"])).toEqual([1, 1]);
  expect(Number(recorder.metrics[4]!["optim/learning_rate"])).toBeLessThan(0.5);
  expect(policy.engine.seen.map(({ loss }) => loss)).toContainEqual({ name: "cross-entropy", normalizer: 6 });
});

test.each([1, 3, 6])("a run that is stopped after step %i ends as one that was not", async (stopAfter) => {
  const whole = begin(TWO_STAGES);
  await sft(whole.options);
  const store = new TableStore();
  const first = begin(TWO_STAGES, store);
  const { recorder } = first;
  const controller = new AbortController();
  const onMetrics = () => (recorder.metrics.length === stopAfter ? controller.abort() : undefined);
  await expect(sft({ ...first.options, onMetrics, signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
  const from = recorder.rewind() as SftState;
  const second = begin(TWO_STAGES, store);
  await second.policy.engine.loadState((await recorder.latestCheckpoint())!.path);
  await sft({ ...second.options, recorder, from });
  expect(recorder.metrics).toEqual(whole.recorder.metrics);
  expect(second.policy.engine.table).toEqual(whole.policy.engine.table);
});

describe("measures along the way", () => {
  test("the loss on held-out rows, every so often and at the end", async () => {
    const { recorder, options } = begin(SftConfig.parse({ stages: [stage("only")], evalEvery: 2, evalRows: 3 }));
    await sft(options);
    const losses = recorder.metrics.map((record) => record["sft/eval_loss"]);
    expect(losses.map((loss) => loss !== undefined)).toEqual([false, true, false, true, true]);
    expect(Number(losses[4])).toBeLessThan(Number(losses[1]));
  });

  test("a stage ends early at the accuracy that it asks for", async () => {
    const early = { steps: 40, stopAtAccuracy: 0.6, validateFrom: 4, validateEvery: 2, validationProblems: 40 };
    const { recorder, options } = begin(SftConfig.parse({ stages: [stage("only", early)] }));
    const sampling = { temperature: 1, topP: 1, topK: 0 };
    const validation = { problems: (count: number) => Array.from({ length: count }, (_, i) => problems.problem(i)), sampling };
    const state = await sft({ ...options, validation });
    const accuracies = recorder.metrics.map((record) => record["validation/accuracy"]);
    const measured = accuracies.filter((accuracy) => accuracy !== undefined).map(Number);
    expect(accuracies.findIndex((accuracy) => accuracy !== undefined)).toBe(3);
    expect(measured.slice(0, -1).every((accuracy) => accuracy < 0.6)).toBe(true);
    expect(measured.at(-1)).toBeGreaterThanOrEqual(0.6);
    expect(state).toMatchObject({ stage: 1, totalSteps: recorder.metrics.length });
    expect(recorder.metrics.length).toBeLessThan(40);
  });
});

test("a stage that is to stop at an accuracy needs problems to measure it by", async () => {
  const { policy, options } = begin(SftConfig.parse({ stages: [{ ...stage("only"), stopAtAccuracy: 0.5 }] }));
  await expect(sft(options)).rejects.toThrow("stage only: stopAtAccuracy needs the option validation, got none");
  expect(policy.engine.updates).toBe(0);
});
