import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trainSmoke, type SmokeEnd, type SmokeSettings } from "../../test/train-smoke.js";
import { openRunFolder } from "@retool-ts/runs";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-rl-"))));
afterAll(() => rm(folder, { recursive: true }));

type Train = NonNullable<SmokeSettings["train"]>;

/** {@link trainSmoke} with settings of `train` alone. */
const train = (run: string, train: Train, end: SmokeEnd = {}) => trainSmoke(join(folder, run), { train }, end);

const VARIANTS: Readonly<Record<string, Train>> = {
  "PPO with a critic": {
    advantage: "gae",
    gaeLambda: 0.9,
    critic: { pretrainSteps: 3, warmupSteps: 1 },
    updatesPerStep: 2,
    epochs: 2,
    kl: { coef: 0.05, place: "reward", estimator: "k1" },
  },
  "GRPO with everything around it": {
    oldLogProbs: "trainer",
    updatesPerStep: 3,
    importance: { level: "sequence", cap: 2 },
    offPolicyThreshold: 0.1,
    kl: { coef: 0.05, estimator: "unbiased" },
    entropyCoef: 0.01,
    dynamicSampling: { maxRefills: 2 },
    groupSize: 2,
    evaluateEvery: 1,
  },
  "one step off policy": { offPolicySteps: 1, dynamicSampling: { maxRefills: 1 }, groupSize: 2, loss: "cispo" },
  ReMax: { advantage: "remax", groupSize: 1, loss: "gspo", aggregation: "seq-mean-token-mean" },
  "REINFORCE++": { advantage: "reinforce++", groupSize: 1, aggregation: "seq-mean-token-sum-norm" },
};

describe.each(Object.entries(VARIANTS))("%s", (name, variant) => {
  test("ends the same, to the bit, after a crash between checkpoints", async () => {
    const run = name.replaceAll(/\W/g, "");
    const metrics = await train(run, variant);
    await expect(train(`${run}-died`, variant, { dieAt: 3 })).rejects.toThrow("the power went out");
    await train(`${run}-died`, {}, { resume: true });
    const last = `checkpoints/step-${String(metrics.at(-1)!["step"]).padStart(6, "0")}`;
    const files = ["metrics.jsonl", `${last}/model.safetensors`, `${last}/optimizer.safetensors`, `${last}/state.json`, `trajectories/${last.slice(12)}.jsonl.gz`]; // prettier-ignore
    if (variant.advantage === "gae")
      files.push(...["model", "value-head", "optimizer"].map((file) => `${last}/critic/${file}.safetensors`));
    if (variant.kl) files.push("reference/model.safetensors");
    for (const file of files) {
      expect((await readFile(join(folder, `${run}-died`, file))).equals(await readFile(join(folder, run, file))), file).toBe(true);
    }
  });
});

describe("what the records say", () => {
  const recordsOf = async (name: string) => (await openRunFolder(join(folder, name.replaceAll(/\W/g, "")))).readMetrics();

  test("the critic learns alone at first, then both do", async () => {
    const records = await recordsOf("PPO with a critic");
    expect(records.map(({ phase }) => phase)).toEqual(["critic", "critic", "critic", "rl", "rl", "rl", "rl"]);
    expect(records[3]).toMatchObject({ "policy/loss": 0, "policy/updates": 0, "value/loss": expect.any(Number) });
    expect(records[4]).toMatchObject({ "policy/updates": 4, "policy/reference_kl": expect.closeTo(0, 6) }); // the reference still
    expect(Math.abs(Number(records[5]!["policy/reference_kl"]))).toBeGreaterThan(1e-5);
    for (const record of records) expect(record["value/explained_variance"]).toBeLessThan(1);
  });

  test("old and sampled log-probabilities agree while the weights are the same; dynamic sampling says what it kept", async () => {
    const records = await recordsOf("GRPO with everything around it");
    for (const record of records) {
      expect(record["mismatch/log_prob_difference_max"]).toBeLessThan(1e-5);
      expect(record["importance/weight"]).toBeCloseTo(1, 3);
      expect(record["group/kept"]).toBeLessThanOrEqual(3);
      expect(record["group/sampled"]).toBeGreaterThanOrEqual(3);
    }
    expect(records.some((record) => Number(record["group/sampled"]) > 3)).toBe(true);
    expect(records[0]!["policy/reference_kl"]).toBeLessThan(1e-3);
    expect(records.at(-1)!["policy/reference_kl"]).toBeGreaterThan(0);
  });

  test("one step off policy, the first batch is on policy and later ones are not", async () => {
    const [first, second] = await recordsOf("one step off policy");
    expect(first!["policy/log_prob_difference"]).toBeLessThan(1e-5);
    expect(second!["policy/log_prob_difference"]).toBeGreaterThan(1e-5);
  });

  test("the best checkpoint is recorded and stays", async () => {
    const run = await openRunFolder(join(folder, "GRPO with everything around it".replaceAll(/\W/g, "")));
    const best = JSON.parse(await readFile(run.file("best.json"), "utf8")) as { step: number; checkpoint: string };
    const accuracies = run.readMetrics().map((record) => Number(record["eval/accuracy"]));
    expect(best).toEqual({ step: accuracies.indexOf(Math.max(...accuracies)) + 1, accuracy: Math.max(...accuracies), checkpoint: `checkpoints/step-00000${best.step}` }); // prettier-ignore
    expect((await run.checkpoints()).map(({ step }) => step)).toContain(best.step);
  });
});
