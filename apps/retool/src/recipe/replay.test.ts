import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunFolder, readTrajectories } from "@retool-ts/runs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../commands/recipe-run.js";
import { quietShell } from "../../test/quiet-shell.js";

const BOTH = { sft: true, rl: true };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-replay-"));
  await quickstart("recorded", ["log.replay=true"]);
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
const quickstart = (name: string, set: readonly string[] = [], parts = BOTH, model?: string) =>
  runCommand(parts.sft ? "quickstart" : "train", parts, { preset: "smoke", set, output: at(name), resume: false, dryRun: false, ...(model && { model }) }, quietShell()); // prettier-ignore
const metrics = async (name: string) => (await openRunFolder(at(name))).readMetrics();

describe("recorded rollouts of a run", () => {
  test("hold every token and its log-probability, and the problem's row", async () => {
    const [record] = await readTrajectories(at("recorded/trajectories/step-000011.jsonl.gz"));
    const { tokens, segments, columns } = record!;
    const count = (kind: string) => segments.filter((segment) => segment.kind === kind).reduce((sum, segment) => sum + segment.tokens, 0);
    expect(tokens!.ids).toHaveLength(count("prompt") + count("model") + count("tool"));
    expect(tokens!.logProbs).toHaveLength(count("model"));
    expect(tokens!.logProbs.every((value) => value < 0)).toBe(true);
    expect(columns).toEqual({ digits: expect.any(Number) });
  });

  test("a run learns from them, of the same model: sampler and trainer agree in the first step", async () => {
    const checkpoint = at("recorded/checkpoints/step-000010");
    const set = [`data.rollouts=["${at("recorded")}"]`, "train.oldLogProbs=trainer", "train.steps=3", "train.promptsPerStep=2"];
    await quickstart("replayed", set, { sft: false, rl: true }, checkpoint);
    const steps = (await metrics("replayed")).filter(({ phase }) => phase === "rl");
    expect(steps.map((record) => record["rollout/epoch"])).toEqual([1 / 3, 2 / 3, 1]);
    const recorded = (await metrics("recorded")).filter(({ phase }) => phase === "rl");
    const sum = (records: typeof steps) => records.reduce((total, record) => total + Number(record["reward/mean"]), 0);
    expect(sum(steps)).toBeCloseTo(sum(recorded), 6); // all groups once, in another order
  });

  test("those of another tokenizer, without tokens, or of no run are refused before anything is written", async () => {
    await quickstart("plain");
    const replay = async (path: string, more: readonly string[] = []) => {
      const error: unknown = await quickstart("refused", [`data.rollouts=["${path}"]`, ...more]).catch((reason: unknown) => reason);
      expect(await readdir(at("refused")).catch(() => [])).toEqual([]);
      if (error !== undefined) throw error;
    };
    await expect(replay(at("plain"))).rejects.toThrow(/a rollout without its tokens.*log\.replay=true/s);
    await expect(replay(at("recorded"), ["tokenizer.vocabSize=310"])).rejects.toThrow(/tokens of this model's tokenizer/);
    await expect(replay(at("nowhere"))).rejects.toThrow(/the folder of a run/);
  });
});

test("a stage learns from the best of the policy's own answers, or from recorded ones", async () => {
  const best = { name: "best", steps: 2, batchSize: 2, learningRate: { peak: 1e-3 } };
  const clean = { name: "clean", steps: 150, batchSize: 16, learningRate: { peak: 5e-3 } };
  const stages = (source: object) => [`sft.stages=${JSON.stringify([clean, { ...best, source }])}`, "data.train.families=[\"digit-sum\"]", "data.train.levelWeights=[1,0,0]"]; // prettier-ignore
  await quickstart("best", stages({ kind: "rollouts", problems: 16, samples: 4 }), { sft: true, rl: false });
  const file = at("best/trajectories/sft-best.jsonl.gz");
  const records = await readTrajectories(file);
  expect(records).toHaveLength(64);
  expect(records.filter(({ correct }) => correct).length).toBeGreaterThan(2);
  expect((await metrics("best")).filter(({ stage }) => stage === "best")).toHaveLength(2);
  await quickstart("again", stages({ kind: "rollouts", files: [file] }), { sft: true, rl: false });
  expect(await metrics("again")).toEqual(await metrics("best"));
  expect(await readFile(at("again/checkpoints/step-000152/model.safetensors"))).toEqual(await readFile(at("best/checkpoints/step-000152/model.safetensors"))); // prettier-ignore
});
