import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./load-config.js";
import type { PresetName } from "./presets.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-config-"))));
afterAll(() => rm(folder, { recursive: true }));

async function yaml(text: string): Promise<string> {
  const file = join(folder, "run.yaml");
  await writeFile(file, text);
  return file;
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error: Error) => error.message,
  );
}

describe("loadConfig", () => {
  test("a preset alone is complete", async () => {
    const config = await loadConfig({});
    expect(config.train.groupSize).toBe(8);
    expect(config.sft.stages.map(({ name }) => name)).toEqual(["clean", "imperfect"]);
    expect(config.eval.sampling).toEqual({ temperature: 1, topP: 0.7, topK: 0, minP: 0 });
  });

  test("a file goes over its preset, settings go over the file", async () => {
    const file = await yaml("preset: smoke\nseed: 7\ntrain:\n  steps: 9\n");
    const config = await loadConfig({ file, set: ["train.steps=11", "sft.stages.1.steps=2", "sandbox.workers=2"] });
    expect([config.seed, config.train.steps, config.train.groupSize]).toEqual([7, 11, 2]);
    expect(config.sft.stages.map(({ steps }) => steps)).toEqual([6, 2]);
  });

  test("a source of another kind replaces the whole source", async () => {
    const config = await loadConfig({ set: ["data.test={kind: file, path: problems.jsonl}"] });
    expect(config.data.test).toEqual({ kind: "file", path: "problems.jsonl", columns: null, limit: null, filter: null });
  });

  test("an unknown key is named with its line and the nearest key", async () => {
    const file = await yaml("seed: 1\ntrain:\n  setps: 5\n");
    const message = await messageOf(loadConfig({ file }));
    expect(message).toContain("run.yaml:3:3: train.setps");
    expect(message).toContain('write "steps"');
  });

  test("a wrong type says what was expected and found", async () => {
    const file = await yaml("train:\n  groupSize: eight\n");
    expect(await messageOf(loadConfig({ file }))).toMatch(/run\.yaml:2:14: train\.groupSize: expected a number, found "eight"/);
  });

  test("a value out of range names the setting it came from", async () => {
    expect(await messageOf(loadConfig({ set: ["train.groupSize=1"] }))).toMatch(/--set train\.groupSize=1: expected .*2/);
  });

  test("a group of one is told together with other mistakes, and is right for an advantage of one's own", async () => {
    const file = await yaml("seed: -1\ntrain:\n  groupSize: 1\n");
    expect(await messageOf(loadConfig({ file }))).toMatch(/run\.yaml:1:7: seed[^]*run\.yaml:3:14: train\.groupSize: expected at least 2/);
    const set = ["train.groupSize=1", "train.dynamicSampling=null"];
    await loadConfig({ set: [...set, "functions.advantage=mine"] });
    await loadConfig({ set, advantage: () => [] });
  });

  test.each([
    ["missing file", { file: "no/such.yaml" }, "no such file"],
    ["unknown preset", { preset: "huge" as PresetName }, "one of tiny, smoke"],
    ["setting without a value", { set: ["train.steps"] }, "key.path=value"],
  ])("%s", async (_, sources, expected) => {
    expect(await messageOf(loadConfig(sources))).toContain(expected);
  });

  test("a number that no item of a list has is refused, whether it is in a file or a setting", async () => {
    expect(await messageOf(loadConfig({ set: ["sft.stages.2.steps=5"] }))).toMatch(
      /--set sft\.stages\.2\.steps=5: expected an item of sft\.stages, from 0 to 1, found 2/,
    );
    const file = await yaml("sft:\n  stages:\n    0: { steps: 3 }\n    5: { steps: 3 }\n");
    expect(await messageOf(loadConfig({ file }))).toMatch(/run\.yaml: expected an item of sft\.stages, from 0 to 1, found 5/);
    expect(await messageOf(loadConfig({ set: ["sft.stages={}"] }))).toContain("expected a list");
  });

  test.each(["__proto__.x=1", "train.__proto__.steps=1", "constructor.x=1"])("--set %s is an unknown key", async (setting) => {
    expect(await messageOf(loadConfig({ set: [setting] }))).toContain(`--set ${setting}: expected one of the keys`);
  });

  test("bounds are told in plain words", async () => {
    expect(await messageOf(loadConfig({ set: ["train.steps=-1"] }))).toContain("expected a number above 0, found -1");
    expect(await messageOf(loadConfig({ set: ["sft.stages=[]"] }))).toContain("expected at least 1 item, found []");
    expect(await messageOf(loadConfig({ set: ["optimizer.beta1=2"] }))).toContain("expected a number up to 1, found 2");
  });

  test("a source of data without a kind has the one that its keys belong to", async () => {
    const { data, sft } = await loadConfig({
      set: ["data.test.wordings=newWords", "data.train.path=rows.jsonl", "sft.stages.0.source.path=traces.jsonl"],
    });
    expect(data.test).toMatchObject({ kind: "generated", wordings: "newWords" });
    expect(data.train).toMatchObject({ kind: "file", path: "rows.jsonl" });
    expect(sft.stages.map(({ source }) => source.kind)).toEqual(["file", "generated"]);
    expect(await messageOf(loadConfig({ set: ["data.test.wordings=odd"] }))).toMatch(/--set data\.test\.wordings=odd: expected .*newWords/);
  });

  test("a preset in a file that is no name is refused", async () => {
    expect(await messageOf(loadConfig({ file: await yaml("preset: 5\n") }))).toMatch(
      /run\.yaml:1:9: preset: expected one of tiny, .*, found 5/,
    );
  });

  test("a source that says its kind is replaced by keys of the other kind", async () => {
    const file = await yaml("data:\n  train: { kind: generated, wordings: reordered }\n  test: { kind: file, path: a.jsonl, limit: 3 }\n");
    const { data } = await loadConfig({ file, set: ["data.train.path=b.jsonl", "data.train.limit=5", "data.test.limit=7"] });
    expect(data.train).toEqual({ kind: "file", path: "b.jsonl", columns: null, limit: 5, filter: null });
    expect(data.test).toMatchObject({ kind: "file", path: "a.jsonl", limit: 7 });
    expect((await loadConfig({ file, set: ["data.test.wordings=newWords"] })).data.test).toMatchObject({
      kind: "generated",
      wordings: "newWords",
    });
  });

  test("broken YAML is reported with line and column", async () => {
    const file = await yaml("seed: 1\ntrain: [1, 2\n");
    expect(await messageOf(loadConfig({ file }))).toMatch(/run\.yaml:\d+:\d+: expected valid YAML/);
  });

  test("a repeated key is an error", async () => {
    const file = await yaml("seed: 1\nseed: 2\n");
    expect(await messageOf(loadConfig({ file }))).toContain("run.yaml:2");
  });
});

describe("mistakes are told all at once", () => {
  const lines = async (promise: Promise<unknown>) => (await messageOf(promise)).split("\n").map((line) => line.trim());

  test("of a file with line and column, of settings with their text", async () => {
    const file = await yaml(`sead: 3
train:
  steps: many
  kl: { coef: -1, plase: loss }
sft:
  stages:
    - { name: One, steps: 1.5, learningRate: { peak: 1e-3 } }
eval: { sampling: { topP: 2 } }
`);
    const [head, ...mistakes] = await lines(loadConfig({ file, set: ["backend=webgl", "model={layers: 0, hidden: 3}", "nothing"] }));
    const at = (position: string) => `${file}:${position}`;
    expect(head).toBe("config: 12 mistakes");
    expect(mistakes.map((line) => line.replace(/\. To mend it.*/, ""))).toEqual([
      `--set nothing: expected key.path=value, found "nothing"`,
      `--set backend=webgl: expected one of auto, tfjs-node-gpu, tfjs-node, wasm, cpu, found "webgl"`,
      `--set model={layers: 0, hidden: 3}: model.layers: expected a number above 0, found 0`,
      expect.stringMatching(
        /^--set model=.*: model.hidden: expected one of the keys from, hiddenSize, .*, found unknown key "model.hidden"$/,
      ),
      `${at("1:1")}: sead: expected a key of a config, found unknown key "sead"`,
      `${at("3:10")}: train.steps: expected a number, found "many"`,
      `${at("4:15")}: train.kl.coef: expected a number above 0, found -1`,
      `${at("4:19")}: train.kl.plase: expected a key of train.kl, found unknown key "train.kl.plase"`,
      `${at("7:7")}: sft.stages.0.batchSize: expected a number, found nothing`,
      `${at("7:15")}: sft.stages.0.name: expected text that matches /^[a-z0-9-]+$/, found "One"`,
      `${at("7:27")}: sft.stages.0.steps: expected a whole number, found 1.5`,
      `${at("8:27")}: eval.sampling.topP: expected a number up to 1, found 2`,
    ]);
  });

  test("of broken YAML, in a file and in a setting", async () => {
    const [head, ...mistakes] = await lines(loadConfig({ file: await yaml('seed: 1\nseed: 2\ntrain: { steps: 3\nname: "x') }));
    expect(head).toMatch(/^config: \d mistakes$/);
    expect(mistakes.length).toBeGreaterThan(1);
    for (const mistake of mistakes) expect(mistake).toMatch(/run\.yaml:\d+:\d+: expected valid YAML, found /);
    expect(await messageOf(loadConfig({ set: ["train={steps: 3"] }))).toMatch(
      /^config: --set train=\{steps: 3: expected a value that is valid YAML, found .* at character \d+\./,
    );
  });

  test("an unknown preset beside others", async () => {
    const message = await messageOf(loadConfig({ file: await yaml("preset: tini\nseed: -1\n") }));
    expect(message).toMatch(/run\.yaml:1:9: preset: expected one of .*, found "tini"\. To mend it: write "tiny"/);
    expect(message).toMatch(/run\.yaml:2:7: seed: expected a number from 0, found -1/);
  });
});

test("a bare value where keys are needed says which key it is for, and how to write it", async () => {
  const setting = await messageOf(loadConfig({ set: ["train.learningRate=1e-4"] }));
  expect(setting).toContain("--set train.learningRate=1e-4: expected the keys peak, kind, warmupSteps, floor, decaySteps, found 0.0001");
  expect(setting).toContain("write train.learningRate.peak=0.0001 with --set, learningRate: { peak: 0.0001 } in a file");
  expect(await messageOf(loadConfig({ set: ["train.kl=0.1"] }))).toContain("write train.kl.coef=0.1");
});

test("a key of another place is looked for", async () => {
  expect(await messageOf(loadConfig({ set: ["groupSize=4"] }))).toContain("To mend it: write train.groupSize.");
  expect(await messageOf(loadConfig({ settings: { trian: { steps: 4 } } }))).toMatch(/settings: trian: expected a key of a config/);
});

test("a key of sampling alone leaves the others as they are", async () => {
  const { eval: evaluation, train } = await loadConfig({
    settings: { eval: { sampling: { topP: 0.9 } }, train: { sampling: { topK: 5 } } },
  });
  expect(evaluation.sampling).toEqual({ temperature: 1, topP: 0.9, topK: 0, minP: 0 });
  expect(train.sampling).toEqual({ temperature: 1, topP: 1, topK: 5, minP: 0 });
});

test("a sampler in 8 bits has truncated importance weights against the trainer, unless the config says otherwise", async () => {
  const set = ["engine.samplerWeights=int8"];
  const { train, engine } = await loadConfig({ set });
  expect(engine).toEqual({ kind: "local", sampler: null, samplerWeights: "int8" });
  expect(train).toMatchObject({ oldLogProbs: "trainer", importance: { level: "token", cap: 2, outside: "cap" } });
  expect((await loadConfig({ set: [...set, "train.importance=null"] })).train.importance).toBeNull();
  expect((await loadConfig({ set: ["engine.samplerWeights=float32"] })).train.importance).toBeNull();
  expect(await messageOf(loadConfig({ set: ["engine.samplerWeights=int4"] }))).toContain("engine.samplerWeights");
});

test.each(["train", "eval"])("min-p is refused where the Tinker API samples: %s", async (stage) => {
  const set = [`${stage}.sampling.minP=0.05`];
  const tinker = ["engine.kind=tinker", "engine.baseUrl=http://127.0.0.1:8765"];
  expect(await messageOf(loadConfig({ set: [...tinker, ...set] }))).toContain(
    `--set ${stage}.sampling.minP=0.05: expected 0 with engine.kind=tinker, whose API has no min-p, found 0.05`,
  );
  expect(
    (await loadConfig({ set: [...set, "engine.sampler.kind=vllm", "engine.sampler.baseUrl=http://127.0.0.1:8000"] })).engine.kind,
  ).toBe("local");
});

test("a sampler elsewhere has truncated importance weights against the trainer, unless the config says otherwise", async () => {
  const sampler = ["engine.sampler.kind=vllm", "engine.sampler.baseUrl=http://127.0.0.1:8000"];
  const { train, engine } = await loadConfig({ set: sampler });
  expect(train).toMatchObject({ oldLogProbs: "trainer", importance: { level: "token", cap: 2, outside: "cap" } });
  expect(engine).toEqual({
    kind: "local",
    sampler: { kind: "vllm", baseUrl: "http://127.0.0.1:8000", model: null, folder: null, concurrency: 256 },
    samplerWeights: "float32",
  });
  expect((await loadConfig({ set: [...sampler, "train.importance=null"] })).train).toMatchObject({
    oldLogProbs: "trainer",
    importance: null,
  });
  expect((await loadConfig({ set: [...sampler, "train.importance.cap=5"] })).train.importance).toMatchObject({ cap: 5 });
  expect((await loadConfig({})).train).toMatchObject({ oldLogProbs: "sampler", importance: null });
  expect(await messageOf(loadConfig({ set: [...sampler, "engine.samplerWeights=int8"] }))).toContain(
    "--set engine.samplerWeights=int8: expected float32 with a sampler elsewhere, which has weights of its own, found",
  );
  expect(await messageOf(loadConfig({ set: ["engine.sampler.kind=ollama", sampler[1]!] }))).toContain("engine.sampler.kind");
});
