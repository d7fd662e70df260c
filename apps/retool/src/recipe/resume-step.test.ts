import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalSampler } from "@retool-ts/policy";
import type { ResponseReward } from "@retool-ts/reward";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createReporter } from "../shell/log.js";
import { trainRecipe, type RecipeSettings } from "./train-recipe.js";

/** Random weights solve nothing, so that something else must tell rollouts apart. */
const parity: ResponseReward = ({ modelText }) => {
  const correct = modelText.length % 2 === 0;
  return { score: correct ? 1 : -1, correct, prediction: undefined, parts: {} };
};

let folder: string;
let reference: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-partial-"));
  reference = join(folder, "reference");
  await train(reference);
});
afterEach(() => void vi.restoreAllMocks());
afterAll(() => rm(folder, { recursive: true }));

type Train = NonNullable<RecipeSettings["train"]>;

interface TrainOptions {
  readonly resume?: boolean;
  readonly train?: Train;
  /** Tokens after which Ctrl-C is pressed. */
  readonly stopAfter?: number;
}

/** RL of the smoke preset, one checkpoint at its end; returns how many tokens were sampled, and what was said. */
async function train(run: string, { resume = false, train: more = {}, stopAfter = Infinity }: TrainOptions = {}) {
  const controller = new AbortController();
  const said: string[] = [];
  let tokens = 0;
  const { decode } = LocalSampler.prototype;
  const spy = vi.spyOn(LocalSampler.prototype, "decode").mockImplementation(function (this: LocalSampler, id, request) {
    const onToken = (tokenId: number, logProb: number) => {
      request.onToken?.(tokenId, logProb);
      if (++tokens === stopAfter) controller.abort();
    };
    return decode.call(this, id, { ...request, onToken });
  });
  const settings: RecipeSettings = {
    backend: "wasm",
    budgets: { maxResponseTokens: 40 },
    eval: { problems: 4 },
    train: { steps: 3, saveEvery: 10, promptsPerStep: 3, groupSize: 3, evaluateEvery: 2, trajectoriesEvery: 1, ...more },
  };
  const reporter = { ...createReporter({ quiet: () => true }), say: (line: string) => void said.push(line) };
  const parts = { sft: false, rl: true };
  try {
    await trainRecipe({
      run,
      preset: "smoke",
      ...(resume ? {} : { settings }),
      resume,
      parts,
      reporter,
      reward: parity,
      signal: controller.signal,
    });
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  }
  spy.mockRestore();
  return { tokens, said };
}

async function expectSameRun(run: string, other = reference) {
  const files = ["metrics.jsonl", ...(await readdir(join(other, "trajectories"))).map((name) => `trajectories/${name}`)];
  for (const name of ["model.safetensors", "optimizer.safetensors", "state.json"]) files.push(`checkpoints/step-000003/${name}`);
  for (const file of files) expect((await readFile(join(run, file))).equals(await readFile(join(other, file))), file).toBe(true);
  expect(existsSync(join(run, "partial"))).toBe(false);
}

describe("a run that is stopped in the middle of rollouts", () => {
  test("takes up what was sampled, wherever it stopped, and ends the same to the bit", async () => {
    const whole = await train(join(folder, "counted"));
    for (const share of [0.02, 0.45, 0.7]) {
      const run = join(folder, `stopped-${share}`);
      const first = await train(run, { stopAfter: Math.floor(share * whole.tokens) });
      expect(existsSync(join(run, "partial"))).toBe(true);
      const second = await train(run, { resume: true });
      await expectSameRun(run);
      expect(first.tokens + second.tokens).toBe(whole.tokens); // no token twice
    }
  });

  test("one step off policy and with greedy rollouts too", async () => {
    const more: Train = { offPolicySteps: 1, advantage: "remax", saveEvery: 1 };
    const whole = await train(join(folder, "off-policy"), { train: more });
    const run = join(folder, "off-policy-stopped");
    const first = await train(run, { train: more, stopAfter: Math.floor(0.6 * whole.tokens) });
    const second = await train(run, { resume: true });
    await expectSameRun(run, join(folder, "off-policy"));
    expect(second.tokens).toBeLessThan(whole.tokens);
    expect(first.tokens + second.tokens).toBeLessThanOrEqual(whole.tokens + 40 * 9);
  });
});

describe("journals that cannot be used", () => {
  /** A stopped run and the newest of its journals. */
  async function stopped(name: string) {
    const run = join(folder, name);
    await train(run, { stopAfter: 600 });
    const journal = (await readdir(join(run, "partial"))).sort().at(-1)!;
    return { run, journal: join(run, "partial", journal) };
  }

  test("a damaged one is left out with a notice, and the run ends the same", async () => {
    const { run, journal } = await stopped("damaged");
    const text = await readFile(journal, "utf8");
    const middle = text.indexOf("tokenIds", text.length / 2) + 15;
    await writeFile(journal, `${text.slice(0, middle)}#${text.slice(middle + 1)}`);
    const { said } = await train(run, { resume: true });
    expect(said.join("\n")).toMatch(/partial\/.+\.jsonl is damaged at byte \d+: what follows is sampled anew/);
    await expectSameRun(run);
  });

  test("one that was cut anywhere does no harm", async () => {
    const { run, journal } = await stopped("cut");
    await truncate(journal, Math.floor((await readFile(journal)).length / 2));
    await train(run, { resume: true });
    await expectSameRun(run);
  });

  test("one of other weights is left out with a notice", async () => {
    const { run, journal } = await stopped("other-weights");
    const other = join(folder, "other-seed");
    await train(other, { stopAfter: 600, train: { learningRate: { peak: 0.01 } } });
    await writeFile(journal, await readFile(join(other, "partial", journal.split("/").at(-1)!)));
    const { said } = await train(run, { resume: true });
    expect(said.join("\n")).toMatch(/is of other weights or settings: its rollouts are sampled anew/);
    await expectSameRun(run);
  });
});
